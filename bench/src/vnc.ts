import { descendantsOf, startModelServer } from '@sandpiper/testing';
import { cpuMsOf } from './cpu.ts';
import { startGateway } from './gateway.ts';
import type { RunningGateway } from './gateway.ts';
import type { Benchmark, Row } from './report.ts';
import { percentile } from './report.ts';
import { RfbClient } from './rfb-client.ts';
import type { Road } from './rfb-client.ts';
import { direct, relayed } from './vnc-roads.ts';

const ROUNDS = 9;
const ROUND_TRIPS = 300;
const FRAMES = 60;

export const vncRelay: Benchmark = {
  name: 'vnc',
  method: `One desktop read directly from its socket and through gateway and tool-api, by a client that counts and copies nothing: ${ROUND_TRIPS} requests of one pixel, and ${FRAMES} whole frames, uncompressed; ${ROUNDS} rounds in turns, medians.`,
  async run() {
    const model = await startModelServer();
    const gateway = await startGateway(model.baseUrl);
    try {
      const sessionId = await gateway.newSession();
      await gateway.wake(sessionId);
      const pids = await processesOf(gateway);
      const near: Sample[] = [];
      const far: Sample[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        near.push(await measure(await direct(gateway), pids));
        far.push(await measure(await relayed(gateway, sessionId), pids));
      }
      // Of each round, so that both sides of a ratio saw the machine in the same mood.
      const ratios = near.map(({ rate }, round) => (far[round]?.rate ?? 0) / rate);
      return [
        { what: 'VNC round trip, direct, p50', value: median(near, (sample) => sample.roundTripMs), unit: 'ms' },
        { what: 'VNC round trip, relayed, p50', value: median(far, (sample) => sample.roundTripMs), unit: 'ms' },
        { what: 'VNC bytes, direct', value: median(near, (sample) => sample.rate), unit: 'MiB/s' },
        { what: 'VNC bytes, relayed', value: median(far, (sample) => sample.rate), unit: 'MiB/s' },
        { what: 'VNC bytes, relayed to direct', value: percentile(ratios, 0.5), unit: 'ratio', aim: { atLeast: 0.5 } },
        ...cpuRows('direct', near, ['display', 'client']),
        ...cpuRows('relayed', far, ['display', 'tool-api', 'gateway', 'client']),
      ];
    } finally {
      await gateway.close();
      await model.close();
    }
  },
};

type Part = 'display' | 'tool-api' | 'gateway' | 'client';

interface Sample {
  /** Median of one road in one round. */
  roundTripMs: number;
  /** MiB/s */
  rate: number;
  /** Processor time of each for a GiB of pixels; it depends less than the rate on what else the machine does. */
  cpuMsPerGib: Record<Part, number>;
}

async function processesOf(gateway: RunningGateway): Promise<Record<Part, number>> {
  const processes = await descendantsOf(gateway.pid);
  const pidOf = (part: string): number => {
    const found = processes.find(({ command }) => command.includes(part) && !command.includes('bwrap'));
    if (!found) throw new Error(`There is no process ${part}.`);
    return found.pid;
  };
  return { display: pidOf('Xtigervnc'), 'tool-api': pidOf('tool-api.mjs'), gateway: gateway.pid, client: process.pid };
}

async function measure(road: Road, pids: Record<Part, number>): Promise<Sample> {
  const client = await RfbClient.connect(road);
  const roundTrips: number[] = [];
  for (let index = 0; index < ROUND_TRIPS; index++) {
    const started = performance.now();
    await client.request(1, 1);
    roundTrips.push(performance.now() - started);
  }
  const bytesBefore = client.receivedBytes;
  const cpuBefore = await cpuOf(pids);
  const started = performance.now();
  // One at a time: a server may answer two requests that wait with one update.
  for (let frame = 0; frame < FRAMES; frame++) await client.request(client.width, client.height);
  const seconds = (performance.now() - started) / 1000;
  const cpuAfter = await cpuOf(pids);
  const gib = (client.receivedBytes - bytesBefore) / 2 ** 30;
  client.close();
  const spent = (part: Part): number => (cpuAfter[part] - cpuBefore[part]) / gib;
  return {
    roundTripMs: percentile(roundTrips, 0.5),
    rate: (gib * 1024) / seconds,
    cpuMsPerGib: {
      display: spent('display'),
      'tool-api': spent('tool-api'),
      gateway: spent('gateway'),
      client: spent('client'),
    },
  };
}

async function cpuOf(pids: Record<Part, number>): Promise<Record<Part, number>> {
  const [display, toolApi, gateway, client] = await Promise.all([
    cpuMsOf(pids.display),
    cpuMsOf(pids['tool-api']),
    cpuMsOf(pids.gateway),
    cpuMsOf(pids.client),
  ]);
  return { display, 'tool-api': toolApi, gateway, client };
}

const cpuRows = (road: string, samples: readonly Sample[], parts: readonly Part[]): Row[] =>
  parts.map((part) => ({
    what: `VNC, CPU per GiB, ${road}: ${part}`,
    value: median(samples, ({ cpuMsPerGib }) => cpuMsPerGib[part]),
    unit: 'ms',
  }));

const median = (samples: readonly Sample[], of: (sample: Sample) => number): number => percentile(samples.map(of), 0.5);
