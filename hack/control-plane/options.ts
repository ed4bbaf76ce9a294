import { parseArgs } from 'node:util';

export const help = `Usage: npm run control-plane [-- options]

Runs a real Kubernetes control plane (etcd, API server, controller manager, scheduler) on loopback, without root and without
Docker, until Ctrl-C. Prints what to export for kubectl.

  --build       fill the cache of binaries from hack/control-plane/modules, and end (Go 1.24 or later; about five minutes)
  --data DIR    keep its data there, and go on with it next time; otherwise nothing is left
  --port PORT   of the API server; otherwise a free one
  --fake-node   add a node whose pods only seem to run (npm run fake-kubelet has more to offer)
  --help        this text
`;

export type Request =
  | { kind: 'help' }
  | { kind: 'build' }
  | { kind: 'run'; dataDir: string | undefined; port: number | undefined; fakeNode: boolean };

/** @throws an Error that names the option which is wrong */
export function readOptions(args: readonly string[]): Request {
  const { values } = parseArgs({
    args: [...args],
    options: {
      build: { type: 'boolean', default: false },
      data: { type: 'string' },
      port: { type: 'string' },
      'fake-node': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return { kind: 'help' };
  if (values.build) return { kind: 'build' };
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new Error(`--port takes a number from 1 to 65535, not ${values.port}.`);
  }
  return { kind: 'run', dataDir: values.data, port, fakeNode: values['fake-node'] };
}
