import type { Benchmark, Row } from './report.ts';
import { percentile } from './report.ts';
import { startHost } from './host.ts';

const ROUNDS = 7;

/** From asking for a computer that does not exist to a desktop whose browser answers, by the phases the UI shows. */
export const coldStart: Benchmark = {
  name: 'cold-start',
  method: `${ROUNDS} new computers one after another, from the request to Ready; phases as the page shows them; median.`,
  async run() {
    const host = await startHost();
    const samples = new Map<string, number[]>();
    try {
      for (let round = 0; round < ROUNDS; round++) {
        const sessionId = `cold-${round}`;
        const started = performance.now();
        await host.manager.sandboxes.ensure({ sessionId, owner: 'bench' });
        const marks: { phase: string; at: number }[] = [];
        await host.manager.sandboxes.connect(sessionId, {
          need: 'desktop',
          timeoutMs: 30_000,
          onPhase: ({ phase }) => marks.push({ phase, at: performance.now() - started }),
        });
        marks.push({ phase: 'ready', at: performance.now() - started });
        const reached = (phase: string): number | undefined => marks.find((mark) => mark.phase === phase)?.at;
        record('namespaces, network, files', reached('starting-tools'));
        record('tools answer', reached('starting-desktop'));
        record('desktop and browser answer', reached('ready'));
        await host.manager.sandboxes.delete(sessionId);
      }
    } finally {
      await host.close();
    }
    return [...samples].map(([what, values]): Row => {
      const row: Row = { what: `cold start until: ${what}`, value: percentile(values, 0.5), unit: 'ms' };
      return what.startsWith('desktop') ? { ...row, aim: { atMost: 1500 } } : row;
    });

    function record(what: string, value: number | undefined): void {
      if (value !== undefined) samples.set(what, [...(samples.get(what) ?? []), value]);
    }
  },
};
