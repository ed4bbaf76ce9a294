import type { Run } from './run.ts';
import { makeTemplate } from './templates.ts';

/** What goes on in a namespace on an ordinary day, which must end well whatever fails meanwhile. */

/** How it begins: a pool of two, one that works, one that sleeps, and one that will be deleted. */
export async function beginDay(run: Run): Promise<void> {
  await Promise.all([makeTemplate(run, 'disk'), makeTemplate(run, 'kept')]);
  await run.cluster.pool('warm', { templateRef: { name: 'disk' }, replicas: 2 });
  for (const name of ['working', 'sleeping', 'doomed']) {
    await run.sandbox(name, { templateRef: { name: name === 'sleeping' ? 'kept' : 'disk' }, poolPolicy: 'Never' });
  }
  for (const name of ['working', 'sleeping', 'doomed']) await run.cluster.until(name, 'Ready', 'True');
  for (const name of ['working', 'sleeping']) await run.noteWorkspace(name);
  await run.suspend('sleeping');
  await run.settled(30_000);
}

/** What happens, all at once: cold and warm starts, a suspension, a wake and, unless told otherwise, a deletion. */
export async function liveDay(run: Run, { deletes = true } = {}): Promise<void> {
  await Promise.all([
    run.sandbox('cold', { templateRef: { name: 'kept' }, poolPolicy: 'Never' }),
    run.sandbox('first', { templateRef: { name: 'disk' } }),
    run.sandbox('second', { templateRef: { name: 'disk' } }),
    run.suspend('working'),
    run.wake('sleeping'),
    deletes ? run.remove('doomed') : undefined,
  ]);
}
