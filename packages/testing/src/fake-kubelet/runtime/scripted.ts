import { randomBytes } from 'node:crypto';
import type { ContainerExit, RunningContainer, Runtime } from './runtime.ts';

/** Runs nothing: containers last until they are told to end, and every probe of them succeeds. */
export function scriptedRuntime(): Runtime {
  return {
    prepare: () =>
      Promise.resolve({ start: () => Promise.resolve(scriptedContainer()), remove: () => Promise.resolve() }),
    close: () => Promise.resolve(),
  };
}

export function scriptedContainer(): RunningContainer {
  const exited = Promise.withResolvers<ContainerExit>();
  return {
    id: containerId(),
    exited: exited.promise,
    end() {
      exited.resolve({ exitCode: 0, reason: 'Completed' });
      return Promise.resolve();
    },
    crash: (exit) => exited.resolve(exit),
    probe: () => Promise.resolve(true),
  };
}

export const containerId = (): string => `fake://${randomBytes(32).toString('hex')}`;
