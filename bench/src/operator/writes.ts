import type { KubeClient } from '@sandpiper/kube';
import { eventually } from '@sandpiper/testing';
import { parseSamples } from './prometheus.ts';
import type { OperatorProcess } from './operator-process.ts';
import type { Kubelet } from './kubelet.ts';

/** Writes that the API server accepted, by what was written: `pods`, `sandboxes/status`. */
export type Writes = Record<string, number>;

/** Who writes, beside whoever measures. */
export interface Writers {
  /** Any client that may read the API server's metrics. */
  client: KubeClient;
  operator: OperatorProcess;
  kubelet: Kubelet;
}

export interface WriteCounts {
  /** As its own metrics say, events among them. */
  operator: Writes;
  kubelet: number;
  /** All that the API server accepted, whoever sent it. */
  all: number;
}

const WRITING = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE']);

/** What was written so far; two of these and `since` give what was written in between. */
export async function countWrites({ client, operator, kubelet }: Writers): Promise<WriteCounts> {
  const [all, own, kubeletWrites] = await Promise.all([countAll(client), operator.metrics(), kubelet.writes()]);
  const operatorWrites: Writes = {};
  for (const { name, labels, value } of own) {
    if (name !== 'sandpiper_api_writes_total') continue;
    const what = `${labels['verb'] ?? ''} ${labels['resource'] ?? ''}`;
    operatorWrites[what] = (operatorWrites[what] ?? 0) + value;
  }
  return { operator: operatorWrites, kubelet: kubeletWrites, all };
}

async function countAll(client: KubeClient): Promise<number> {
  const answer = await client.request('/metrics');
  let all = 0;
  for (const { name, labels, value } of parseSamples(await answer.text())) {
    const isWrite = name === 'apiserver_request_total' && WRITING.has(labels['verb'] ?? '');
    // Reviews of tokens and rights are questions that are asked by POST.
    if (isWrite && labels['code']?.startsWith('2') && !labels['resource']?.endsWith('reviews')) all += value;
  }
  return all;
}

/** Resolves when nothing but a lease now and then is written any more: what was before must not be counted with what comes. */
export async function untilQuiet(client: KubeClient): Promise<void> {
  let before = 0;
  await eventually(
    'the API server to be left alone',
    180_000,
    async () => {
      const now = await countAll(client);
      const isQuiet = now - before <= 1;
      before = now;
      return isQuiet;
    },
    { everyMs: 1000 },
  );
}

export function since(before: WriteCounts, after: WriteCounts): WriteCounts {
  const operator = Object.fromEntries(
    Object.entries(after.operator)
      .map(([what, count]): [string, number] => [what, count - (before.operator[what] ?? 0)])
      .filter(([, count]) => count > 0),
  );
  return { operator, kubelet: after.kubelet - before.kubelet, all: after.all - before.all };
}

export function total(writes: Writes): number {
  return Object.values(writes).reduce((sum, count) => sum + count, 0);
}
