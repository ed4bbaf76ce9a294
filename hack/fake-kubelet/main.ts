import { parseArgs } from 'node:util';
import { createKubeClient, loadKubeConfig } from '@sandpiper/kube';
import { startFakeKubelet } from '@sandpiper/testing/fake-kubelet';

const HELP = `fake-kubelet: nodes for a control plane that has none, for trying Sandpiper out and for tests

usage: npm run fake-kubelet -- [options]        (KUBECONFIG says which cluster)

  --nodes N    how many nodes (1)
  --nothing    nothing runs behind pods; they are ready at once. Otherwise a real tool-api answers for each,
               as a plain process of this machine, without a desktop and without confinement
  --help       this text

A pod's annotation fake-kubelet/behaviour says how it fares: run, never-ready, image-pull-failure, crash-loop, oom, exit,
evict, stuck-terminating, each with startMs=, readyMs=, afterMs=, exitCode=, times=.
`;

const { values } = parseArgs({
  options: { nodes: { type: 'string' }, nothing: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
const count = Number(values.nodes ?? 1);
if (values.help) process.stdout.write(HELP);
else if (!Number.isInteger(count) || count < 1 || count > 1000) {
  process.stderr.write(`fake-kubelet: --nodes must be a number from 1 to 1000, not ${values.nodes ?? ''}.\n`);
  process.exitCode = 2;
} else await run();

async function run(): Promise<void> {
  const client = createKubeClient(loadKubeConfig({ path: process.env['KUBECONFIG'] }));
  const kubelet = await startFakeKubelet({
    client,
    nodes: Array.from({ length: count }, (_, index) => `fake-${(index + 1).toString()}`),
    runtime: values.nothing === true ? 'nothing' : 'tool-api',
    print: (line) => console.error(line),
  });
  console.log(`Nodes: ${kubelet.nodes.join(', ')}. Ctrl-C takes them away.`);
  await new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve);
  });
  await kubelet.close();
  await client.close();
}
