import { binaryCache, findControlPlane, startControlPlane } from '@sandpiper/testing/control-plane';
import type { ControlPlane } from '@sandpiper/testing/control-plane';
import { buildControlPlane } from './build.ts';
import { help, readOptions } from './options.ts';
import type { Request } from './options.ts';

/* npm run control-plane: a real API server for people; with --build, the binaries for it and for the tests. */
const print = (line: string): void => console.log(line);

try {
  const request = readOptions(process.argv.slice(2));
  if (request.kind === 'help') print(help.trimEnd());
  else if (request.kind === 'build') await buildControlPlane(binaryCache(process.env), print);
  else await run(request);
} catch (error) {
  console.error(`control-plane: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function run({ dataDir, port }: Extract<Request, { kind: 'run' }>): Promise<void> {
  // A kubeconfig of a control plane that runs already is no reason not to start another.
  const { KUBECONFIG: _, ...env } = process.env;
  const controlPlane = await startControlPlane({
    source: findControlPlane(env),
    log: print,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(port === undefined ? {} : { port }),
  });
  for (const line of welcome(controlPlane)) print(line);
  await new Promise<void>((resolve) => {
    // Held open by nothing else: what was started does not keep this process.
    const held = setInterval(() => undefined, 2 ** 30);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        clearInterval(held);
        resolve();
      });
    }
  });
  await controlPlane.close();
}

function welcome({ kubeconfigPath, address }: ControlPlane): string[] {
  return [
    '',
    `export KUBECONFIG=${kubeconfigPath}`,
    `${address.kubectl} get namespaces`,
    '',
    'It has no nodes; npm run fake-kubelet adds some. Ctrl-C ends it.',
  ];
}
