import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSigner, generateKeyPair } from '@sandpiper/capability';
import { createInstanceClient } from '@sandpiper/instance';
import type { InstanceClient } from '@sandpiper/instance';
import type { Computers } from '../../computers/computers.ts';

export interface RealSandbox {
  client: InstanceClient;
  workspace: string;
  computers: Pick<Computers, 'available' | 'connect'>;
  close(): Promise<void>;
}

const main = path.resolve(import.meta.dirname, '../../../../tool-api/src/main.ts');

/** A real tool-api in a process of its own, on a Unix socket, without confinement and without a desktop. */
export async function startRealSandbox(): Promise<RealSandbox> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sandpiper-agent-'));
  const [run, keys, workspace, scratch] = ['run', 'keys', 'home', 'scratch'].map((name) =>
    path.join(directory, name),
  ) as [string, string, string, string];
  for (const folder of [run, keys, workspace, scratch]) await mkdir(folder);
  // Where commands look first; a confined sandbox has it at a place of its own.
  await mkdir(path.join(workspace, '.local/bin'), { recursive: true });
  await symlink(process.execPath, path.join(workspace, '.local/bin/node'));
  const pair = generateKeyPair();
  await writeFile(path.join(keys, `gateway.${pair.kid}.pem`), pair.publicKeyPem);
  const socket = path.join(run, 'tool.sock');
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: workspace,
      SANDPIPER_UID: 'uid-1',
      SANDPIPER_LISTEN: `unix:${socket}`,
      SANDPIPER_RUN_DIR: run,
      SANDPIPER_KEYS_DIR: keys,
      SANDPIPER_WORKSPACE: workspace,
      SANDPIPER_SCRATCH: scratch,
      SANDPIPER_DESKTOP: 'false',
      SANDPIPER_LOG_LEVEL: 'error',
    },
  });
  const exited = once(child, 'exit');
  const client = createInstanceClient({
    address: `unix:${socket}`,
    uid: 'uid-1',
    signer: createSigner({ ...pair, issuer: 'gateway' }),
  });
  while (!(await client.health())) {
    if (child.exitCode !== null) throw new Error(`tool-api ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    client,
    workspace,
    computers: { available: true, connect: () => Promise.resolve(client) },
    async close() {
      await client.close();
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
