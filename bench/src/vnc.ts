import { startModelServer } from '@sandpiper/testing';
import { startGateway } from './gateway.ts';
import type { Benchmark } from './report.ts';
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
      const roads = { direct: () => direct(gateway), relayed: () => relayed(gateway, sessionId) };
      const near: Sample[] = [];
      const far: Sample[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        near.push(await measure(await roads.direct()));
        far.push(await measure(await roads.relayed()));
      }
      // Of each round, so that both sides of a ratio saw the machine in the same mood.
      const ratios = near.map(({ rate }, round) => (far[round]?.rate ?? 0) / rate);
      return [
        { what: 'VNC round trip, direct, p50', value: median(near, 'roundTripMs'), unit: 'ms' },
        { what: 'VNC round trip, through the relay, p50', value: median(far, 'roundTripMs'), unit: 'ms' },
        { what: 'VNC bytes, direct', value: median(near, 'rate'), unit: 'MiB/s' },
        { what: 'VNC bytes, through the relay', value: median(far, 'rate'), unit: 'MiB/s' },
        { what: 'VNC bytes, relay to direct', value: percentile(ratios, 0.5), unit: 'ratio', aim: { atLeast: 0.5 } },
      ];
    } finally {
      await gateway.close();
      await model.close();
    }
  },
};

interface Sample {
  /** Median of one road in one round. */
  roundTripMs: number;
  /** MiB/s */
  rate: number;
}

async function measure(road: Road): Promise<Sample> {
  const client = await RfbClient.connect(road);
  const roundTrips: number[] = [];
  for (let index = 0; index < ROUND_TRIPS; index++) {
    const started = performance.now();
    await client.request(1, 1);
    roundTrips.push(performance.now() - started);
  }
  const before = client.receivedBytes;
  const started = performance.now();
  // One at a time: a server may answer two requests that wait with one update.
  for (let frame = 0; frame < FRAMES; frame++) await client.request(client.width, client.height);
  const seconds = (performance.now() - started) / 1000;
  const rate = (client.receivedBytes - before) / 2 ** 20 / seconds;
  client.close();
  return { roundTripMs: percentile(roundTrips, 0.5), rate };
}

const median = (samples: readonly Sample[], of: keyof Sample): number =>
  percentile(
    samples.map((sample) => sample[of]),
    0.5,
  );
