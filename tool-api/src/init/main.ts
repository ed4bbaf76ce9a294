import { startInit } from './init.ts';
import { readSettings } from './settings.ts';

const init = await startInit(readSettings(process.env, import.meta.dirname));
process.once('SIGTERM', () => init.stop(2000));
process.once('SIGINT', () => init.stop(2000));
const reason = await init.ended;
// 0 for a stop that was asked for; the manager tells the causes apart by this.
process.exit(reason === 'stopped' ? 0 : 75);
