import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Nodes that only say that they run pods. */
export interface Kubelet {
  /** Writes that were accepted so far. */
  writes(): Promise<number>;
  close(): Promise<void>;
}

export interface KubeletAnswer {
  writes: number;
}

/** Starts the fake kubelet in a process of its own; resolves when its node is registered. */
export async function startKubelet(kubeconfigPath: string): Promise<Kubelet> {
  const child = fork(fileURLToPath(new URL('kubelet-process.ts', import.meta.url)), [kubeconfigPath]);
  const exited = once(child, 'exit');
  const next = async (): Promise<KubeletAnswer> => {
    const [message] = (await Promise.race([once(child, 'message'), exited])) as [KubeletAnswer | number];
    if (typeof message === 'number') throw new Error(`The fake kubelet ended with ${message}.`);
    return message;
  };
  await next();
  return {
    async writes() {
      child.send('count');
      return (await next()).writes;
    },
    async close() {
      if (child.exitCode !== null) return;
      child.disconnect();
      await exited;
    },
  };
}
