import { Session, type Profiler } from 'node:inspector/promises';
import { wait } from '../time/wait.ts';

let isRunning = false;

/**
 * Samples where this process spends its time, as a `.cpuprofile` that Chrome and VS Code open. An abort ends it early.
 *
 * @throws Error when another profile is under way
 */
export async function profileCpu(durationMs: number, signal?: AbortSignal): Promise<Profiler.Profile> {
  if (isRunning) throw new Error('A profile is being taken already.');
  isRunning = true;
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await wait(durationMs, signal);
    const { profile } = await session.post('Profiler.stop');
    return profile;
  } finally {
    session.disconnect();
    isRunning = false;
  }
}
