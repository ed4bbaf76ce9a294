import { once } from 'node:events';
import { connect } from 'node:net';
import { ticketResponse } from '@sandpiper/protocol';
import { descendantsOf, startModelServer } from '@sandpiper/testing';
import { WebSocket } from 'ws';
import { startGateway } from './gateway.ts';
import type { RunningGateway } from './gateway.ts';
import type { Benchmark } from './report.ts';
import { percentile } from './report.ts';
import { RfbClient } from './rfb-client.ts';
import type { Road } from './rfb-client.ts';

const ROUND_TRIPS = 300;
const FRAMES = 60;

export const vncRelay: Benchmark = {
  name: 'vnc',
  method: `One desktop read directly from its socket and through the gateway (RFB parser, tool-api, two WebSockets): ${ROUND_TRIPS} requests of one pixel, and ${FRAMES} whole frames, uncompressed; three rounds in turns.`,
  async run() {
    const model = await startModelServer();
    const gateway = await startGateway(model.baseUrl);
    try {
      const sessionId = await gateway.newSession();
      await gateway.wake(sessionId);
      const roads = { direct: () => direct(gateway), relayed: () => relayed(gateway, sessionId) };
      const results = { direct: new Samples(), relayed: new Samples() };
      for (let round = 0; round < 3; round++) {
        for (const name of ['direct', 'relayed'] as const) await results[name].measure(await roads[name]());
      }
      const { direct: near, relayed: far } = results;
      return [
        { what: 'VNC round trip, direct, p50', value: near.roundTrip(), unit: 'ms' },
        { what: 'VNC round trip, through the relay, p50', value: far.roundTrip(), unit: 'ms' },
        { what: 'VNC bytes, direct', value: near.rate(), unit: 'MiB/s' },
        { what: 'VNC bytes, through the relay', value: far.rate(), unit: 'MiB/s' },
        { what: 'VNC bytes, relay to direct', value: far.rate() / near.rate(), unit: 'ratio', aim: { atLeast: 0.5 } },
      ];
    } finally {
      await gateway.close();
      await model.close();
    }
  },
};

class Samples {
  readonly roundTrips: number[] = [];
  readonly rates: number[] = [];

  async measure(road: Road): Promise<void> {
    const client = await RfbClient.connect(road);
    for (let index = 0; index < ROUND_TRIPS; index++) {
      const started = performance.now();
      client.request(1, 1);
      await client.update();
      this.roundTrips.push(performance.now() - started);
    }
    const before = client.receivedBytes;
    const started = performance.now();
    // One at a time: a server may answer two requests that wait with one update.
    for (let frame = 0; frame < FRAMES; frame++) {
      client.request(client.width, client.height);
      await client.update();
    }
    const seconds = (performance.now() - started) / 1000;
    this.rates.push((client.receivedBytes - before) / 2 ** 20 / seconds);
    client.close();
  }

  roundTrip = (): number => percentile(this.roundTrips, 0.5);
  rate = (): number => percentile(this.rates, 0.5);
}

/** The display's own socket, reached through the root of its mount namespace. */
async function direct(gateway: RunningGateway): Promise<Road> {
  for (const { pid, command } of await descendantsOf(gateway.pid)) {
    if (!command.includes('Xtigervnc')) continue;
    const socket = connect(`/proc/${pid}/root/run/sandpiper/vnc.sock`);
    await once(socket, 'connect');
    return {
      send: (bytes) => void socket.write(bytes),
      onBytes: (listener) => void socket.on('data', listener),
      close: () => void socket.destroy(),
    };
  }
  throw new Error('The desktop of the computer was not found.');
}

async function relayed(gateway: RunningGateway, sessionId: string): Promise<Road> {
  const answer = await gateway.request('POST', `sessions/${sessionId}/tickets`, {
    kind: 'vnc',
    mode: 'view',
    viewerId: 'bench',
  });
  const { url } = ticketResponse.parse(answer);
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}${url}`, 'binary', {
    origin: gateway.url,
    perMessageDeflate: false,
  });
  const early: Buffer[] = [];
  let listen = (bytes: Buffer): void => void early.push(bytes);
  socket.on('message', (bytes: Buffer) => listen(bytes));
  await once(socket, 'open');
  return {
    send: (bytes) => socket.send(bytes),
    onBytes(listener) {
      listen = listener;
      for (const bytes of early.splice(0)) listener(bytes);
    },
    close: () => socket.close(),
  };
}
