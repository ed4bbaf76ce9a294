// A manager in a process of its own, for tests that end it the hard way. Prints each instance as a line of JSON.
// usage: manager.ts '<options of createProcessDriver, as JSON>' <workspace>
import { createProcessDriver, type ProcessDriverOptions } from '../create-driver.ts';

const [options = '{}', workspace = 'one'] = process.argv.slice(2);
const silent = (): void => undefined;
const driver = await createProcessDriver({
  ...(JSON.parse(options) as Omit<ProcessDriverOptions, 'logger'>),
  logger: { debug: silent, info: silent, warn: silent },
});
for (const known of await driver.list()) console.log(JSON.stringify(known));
await driver.createWorkspace(workspace);
const uid = process.argv[4] ?? crypto.randomUUID();
const instance = await driver.createInstance({
  sandbox: { name: workspace, uid: `owner-${workspace}`, sessionId: 'session' },
  uid,
  workspace,
  display: { width: 1024, height: 768 },
  desktop: false,
});
console.log(JSON.stringify(instance));
process.once('SIGTERM', () => void driver.close('stop').then(() => process.exit(0)));
setInterval(silent, 60_000);
