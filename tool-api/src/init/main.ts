import { startInit } from './init.ts';
import { readSettings } from './settings.ts';

const settings = readSettings(process.env, import.meta.dirname);
const init = await startInit(settings);
process.once('SIGTERM', () => init.stop(2000));
process.once('SIGINT', () => init.stop(2000));
const reason = await init.ended;
// Bubblewrap's first process waits for all orphans, however long they take: background commands have to be ended here.
if (settings.ownsAllProcesses) endEverything();
// 0 for a stop that was asked for; the manager tells the causes apart by this.
process.exit(reason === 'stopped' ? 0 : 75);

/** Kills every process but ourselves and the first of the namespace, which signals from inside do not reach. */
function endEverything(): void {
  try {
    process.kill(-1, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
