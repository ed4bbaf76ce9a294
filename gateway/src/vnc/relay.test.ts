import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSigner, generateKeyPair } from '@sandpiper/capability';
import { createInstanceClient } from '@sandpiper/instance';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { relayDesktop } from './relay.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const VERSION = Buffer.from('RFB 003.008\n');
const SERVER_INIT = Buffer.concat([Buffer.from([5, 0, 3, 32]), Buffer.alloc(16), Buffer.from([0, 0, 0, 0])]);
const key = Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]);
const updateRequest = Buffer.from([3, 1, 0, 0, 0, 0, 4, 0, 3, 0]);

interface Joined {
  /** The person's WebSocket, open. */
  viewer: WebSocket;
  /** The desktop's end of the stream; what was heard of the relay is collected in `heard`. */
  desktop: Socket;
  shown(): Buffer;
  heard(): Buffer;
  /** Resolves with what the viewer was told at the end. */
  closed: Promise<{ code: number; reason: string }>;
  control: { held: boolean };
  ends: string[];
}

/** A real WebSocket and a real stream, joined by the relay; the desktop is played by the test, because it misbehaves. */
async function join(): Promise<Joined> {
  const desktopSide = Promise.withResolvers<Socket>();
  const sandbox = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: rfb\r\n\r\n');
      desktopSide.resolve(socket);
    });
  });
  sandbox.listen(0, '127.0.0.1');
  await once(sandbox, 'listening');
  const signer = createSigner({ ...generateKeyPair(), issuer: 'gateway' });
  const address = `http://127.0.0.1:${(sandbox.address() as AddressInfo).port}`;
  const client = createInstanceClient({ address, uid: 'u', signer });
  const stream = await client.openStream('/v1/vnc', { protocol: 'rfb', scope: 'control' });
  const desktop = await desktopSide.promise;

  const gateway = createHttpServer();
  const sockets = new WebSocketServer({ server: gateway, perMessageDeflate: false });
  const control = { held: false };
  const ends: string[] = [];
  sockets.on('connection', (viewer) =>
    relayDesktop({ viewer, desktop: stream, mayInput: () => control.held, onClose: (reason) => ends.push(reason) }),
  );
  gateway.listen(0, '127.0.0.1');
  await once(gateway, 'listening');
  const viewer = new WebSocket(`ws://127.0.0.1:${(gateway.address() as AddressInfo).port}`, {
    perMessageDeflate: false,
  });
  closers.push(async () => {
    viewer.terminate();
    desktop.destroy();
    for (const socket of sockets.clients) socket.terminate();
    sockets.close();
    gateway.close();
    sandbox.close();
    await Promise.all([once(gateway, 'close'), once(sandbox, 'close'), client.close()]);
  });

  const collect = (source: { on(event: string, listener: (bytes: Buffer) => void): unknown }, event: string) => {
    let bytes: Buffer = Buffer.alloc(0);
    source.on(event, (more) => (bytes = Buffer.concat([bytes, more])));
    return () => bytes;
  };
  const closed = once(viewer, 'close').then(([code, reason]) => ({ code: code as number, reason: String(reason) }));
  const shown = collect(viewer, 'message');
  const heard = collect(desktop, 'data');
  await once(viewer, 'open');
  return { viewer, desktop, shown, heard, closed, control, ends };
}

/** Both handshakes, the desktop's first. */
async function shakeHands({ viewer, desktop, shown, heard }: Joined): Promise<void> {
  desktop.write(VERSION);
  await vi.waitFor(() => expect(heard().length).toBe(12));
  desktop.write(Buffer.from([1, 1]));
  await vi.waitFor(() => expect(heard().length).toBe(13));
  desktop.write(Buffer.concat([Buffer.alloc(4), SERVER_INIT]));
  viewer.send(VERSION);
  viewer.send(Buffer.from([1]));
  viewer.send(Buffer.from([0]));
  await vi.waitFor(() => expect(shown().length).toBe(12 + 2 + 4 + SERVER_INIT.length));
}

describe('a viewer and a desktop', () => {
  test('shake hands with the relay, each on its own, and the desktop is always asked to share', async () => {
    const joined = await join();
    await shakeHands(joined);
    expect(joined.shown().subarray(18)).toEqual(SERVER_INIT);
    expect(joined.heard()).toEqual(Buffer.concat([VERSION, Buffer.from([1, 1])]));
  });

  test('a viewer that was faster than the desktop is heard once that is ready, and not before', async () => {
    const joined = await join();
    const { viewer, desktop, heard, shown } = joined;
    viewer.send(VERSION);
    viewer.send(Buffer.from([1]));
    viewer.send(Buffer.concat([Buffer.from([1]), updateRequest]));
    await vi.waitFor(() => expect(shown().length).toBe(18));
    expect(heard().length).toBe(0);
    desktop.write(VERSION);
    await vi.waitFor(() => expect(heard().length).toBe(12));
    desktop.write(Buffer.from([1, 1]));
    await vi.waitFor(() => expect(heard().length).toBe(13));
    desktop.write(Buffer.concat([Buffer.alloc(4), SERVER_INIT]));
    await vi.waitFor(() => expect(heard().subarray(13)).toEqual(Buffer.concat([Buffer.from([1]), updateRequest])));
  });

  test('input passes only while control is held, message by message, without a new connection', async () => {
    const joined = await join();
    await shakeHands(joined);
    const { viewer, heard, control } = joined;
    const before = heard().length;
    viewer.send(Buffer.concat([key, updateRequest]));
    await vi.waitFor(() => expect(heard().subarray(before)).toEqual(updateRequest));
    control.held = true;
    viewer.send(key);
    await vi.waitFor(() => expect(heard().subarray(before)).toEqual(Buffer.concat([updateRequest, key])));
    control.held = false;
    viewer.send(key);
    viewer.send(updateRequest);
    await vi.waitFor(() =>
      expect(heard().subarray(before)).toEqual(Buffer.concat([updateRequest, key, updateRequest])),
    );
  });

  test('a slow viewer holds the desktop back, and gets every byte', async () => {
    const joined = await join();
    await shakeHands(joined);
    const { viewer, desktop, shown } = joined;
    const before = shown().length;
    viewer.pause();
    viewer.removeAllListeners('message');
    const total = 96 * 1024 * 1024;
    const chunk = Buffer.from(Uint8Array.from({ length: 65_521 }, (_, index) => index % 251));
    let sent = 0;
    const send = (): void => {
      while (sent < total) {
        sent += chunk.length;
        if (!desktop.write(chunk)) return;
      }
    };
    desktop.on('drain', send);
    send();
    let last = -1;
    await vi.waitFor(
      () => {
        const stands = sent === last;
        last = sent;
        expect(stands).toBe(true);
      },
      { timeout: 15_000, interval: 300 },
    );
    // What kernels hold for two connections over TCP; in the gateway itself there is one chunk.
    expect(sent).toBeLessThan(total / 2);
    let position = 0;
    let wrong = 0;
    viewer.on('message', (bytes: Buffer) => {
      for (let index = 0; index < bytes.length; index += 997)
        if (bytes[index] !== chunk[(position + index) % chunk.length]) wrong++;
      position += bytes.length;
    });
    viewer.resume();
    await vi.waitFor(() => expect(position).toBe(sent), { timeout: 15_000 });
    expect([wrong, before, sent >= total]).toEqual([0, 18 + SERVER_INIT.length, true]);
  }, 40_000);
});

describe('the end', () => {
  test.each([
    ['what is no RFB', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), /does not speak RFB/],
    ['a wish for a password', Buffer.concat([VERSION, Buffer.from([1, 2])]), /password/],
    ['a refusal', Buffer.concat([VERSION, Buffer.from([0])]), /refuses connections/],
  ])('comes with a desktop that sends %s', async (_name, bytes, reason) => {
    const joined = await join();
    joined.desktop.write(bytes);
    expect(await joined.closed).toMatchObject({ code: 1008, reason: expect.stringMatching(reason) as string });
    expect(joined.ends).toHaveLength(1);
    await vi.waitFor(() => expect(joined.desktop.readyState).toBe('closed'));
  });

  test.each([
    ['an unknown message', Buffer.from([77])],
    ['a text frame', 'hello'],
  ])('comes with a viewer that sends %s', async (_name, message) => {
    const joined = await join();
    await shakeHands(joined);
    joined.viewer.send(message);
    expect((await joined.closed).code).toBe(1008);
    await vi.waitFor(() => expect(joined.desktop.readyState).toBe('closed'));
    expect(joined.ends).toHaveLength(1);
  });

  test('of the desktop reaches the viewer, behind all that it showed', async () => {
    const joined = await join();
    await shakeHands(joined);
    const before = joined.shown().length;
    joined.desktop.end(Buffer.alloc(5_000_000, 7));
    expect(await joined.closed).toEqual({ code: 1001, reason: 'the desktop is gone' });
    expect(joined.shown().length - before).toBe(5_000_000);
  });

  test('of the viewer closes the connection to the desktop', async () => {
    const joined = await join();
    await shakeHands(joined);
    joined.viewer.close();
    await vi.waitFor(() => expect(joined.desktop.readyState).toBe('closed'));
    expect(joined.ends).toEqual(['the viewer left']);
  });
});
