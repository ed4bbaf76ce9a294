import { shellRun } from '@sandpiper/protocol';
import { startHost } from './host.ts';
import type { Benchmark } from './report.ts';
import { percentile } from './report.ts';

const CALLS = 500;
const WARM_UP = 30;

export const shellRoundTrip: Benchmark = {
  name: 'shell',
  method: `${CALLS} calls of shell_run with \`true\` one after another, from the gateway's client through the socket to the end of the process.`,
  async run() {
    const host = await startHost();
    try {
      const computer = await host.connect('shell', 'desktop');
      const samples: number[] = [];
      for (let call = 0; call < WARM_UP + CALLS; call++) {
        const started = performance.now();
        const { exitCode } = await computer.callTool(shellRun, { command: 'true' });
        if (exitCode !== 0) throw new Error(`'true' ended with ${String(exitCode)}.`);
        if (call >= WARM_UP) samples.push(performance.now() - started);
      }
      await computer.close();
      return [
        { what: 'shell round trip, p50', value: percentile(samples, 0.5), unit: 'ms', aim: { atMost: 10 } },
        { what: 'shell round trip, p99', value: percentile(samples, 0.99), unit: 'ms' },
      ];
    } finally {
      await host.close();
    }
  },
};
