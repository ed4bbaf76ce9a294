import { createKubeClient, loadKubeConfig } from '@sandpiper/kube';
import { startFakeKubelet } from '@sandpiper/testing/fake-kubelet';
import type { KubeletAnswer } from './kubelet.ts';

/**
 * Nodes of the benchmark, in a process of their own: what they do for a thousand pods must not delay whoever measures.
 * Started by `kubelet.ts` with a kubeconfig as argument; any message is answered with the count of its writes.
 */
const READS = new Set(['get', 'list', 'watch']);
let writes = 0;
const client = createKubeClient(loadKubeConfig({ path: process.argv[2], context: undefined }), {
  userAgent: 'fake-kubelet',
  onRequest({ verb, status }) {
    if (!READS.has(verb) && status > 0 && status < 400) writes += 1;
  },
});
const kubelet = await startFakeKubelet({ client, print: (line) => console.error(`kubelet: ${line}`) });

const answer = (message: KubeletAnswer): void => void process.send?.(message);
process.on('message', () => answer({ writes }));
process.on('disconnect', () => {
  void kubelet.close().then(async () => {
    await client.close();
    process.exit(0);
  });
});
answer({ writes });
