import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createSocketServer, type Socket } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSigner, createVerifier, generateKeyPair, type Scope } from '@sandpiper/capability';
import { afterEach, describe, expect, it } from 'vitest';
import { createActivity } from '../activity.ts';
import { startDesktop, until } from '../desktop/testing/desktop.ts';
import { routeUpgrades } from '../http/upgrade-router.ts';
import { createVncGroup } from './group.ts';

const closers: (() => Promise<unknown> | undefined)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function directory(): Promise<string> {
  const created = await mkdtemp(path.join(tmpdir(), 'vnc-'));
  closers.push(() => rm(created, { recursive: true }));
  return created;
}

interface Served {
  touched: string[];
  check(): Promise<string> | undefined;
  /** Sends a request to upgrade; `scopes` null sends no token. */
  ask(options?: { scopes?: readonly Scope[] | null; protocol?: string }): Viewer;
  close(): Promise<void>;
}

interface Viewer {
  socket: Socket;
  /** All that has come behind the head of the answer. */
  received: Buffer;
  head: string;
}

/** The group behind the real router, with real tokens. */
async function serveVnc(vncSocket: string): Promise<Served> {
  const keysDir = await directory();
  const keys = generateKeyPair();
  await writeFile(path.join(keysDir, `gateway.${keys.kid}.pem`), keys.publicKeyPem);
  const signer = createSigner({ ...keys, issuer: 'gateway' });
  const touched: string[] = [];
  const group = createVncGroup({ vncSocket, activity: { touch: (reason) => void touched.push(reason) } });
  const server = createServer();
  const upgrades = routeUpgrades(server, {
    routes: group.upgrades ?? [],
    verifier: createVerifier({ keysDir, uid: 'u' }),
    activity: createActivity(),
    onError: () => undefined,
  });
  const socketPath = path.join(keysDir, 'tool.sock');
  server.listen(socketPath);
  await once(server, 'listening');
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> =>
    (closed ??= (async () => {
      upgrades.close();
      await group.close?.();
      server.close();
      await once(server, 'close');
    })());
  closers.push(close);
  return {
    touched,
    check: () => group.components?.[0]?.check(),
    ask({ scopes = ['view'] as readonly Scope[] | null, protocol = 'rfb' } = {}) {
      const socket = connect({ path: socketPath, allowHalfOpen: true });
      const viewer: Viewer = { socket, received: Buffer.alloc(0), head: '' };
      closers.push(() => Promise.resolve(socket.destroy()));
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => {
        viewer.received = Buffer.concat([viewer.received, bytes]);
        const end = viewer.received.indexOf('\r\n\r\n');
        if (viewer.head !== '' || end < 0) return;
        viewer.head = viewer.received.toString('latin1', 0, end);
        viewer.received = viewer.received.subarray(end + 4);
      });
      const authorization = scopes === null ? '' : `Authorization: Bearer ${signer.sign({ uid: 'u', scopes })}\r\n`;
      socket.write(
        `GET /v1/vnc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${authorization}\r\n`,
      );
      return viewer;
    },
    close,
  };
}

/** Stands in for a VNC server where a real one does not misbehave in the way that is tested. */
async function serveSocket(onConnection: (socket: Socket) => void): Promise<string> {
  const vncSocket = path.join(await directory(), 'vnc.sock');
  const open = new Set<Socket>();
  const server = createSocketServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    onConnection(socket);
  });
  server.listen(vncSocket);
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return vncSocket;
}

const seen = (viewer: Viewer, bytes: number): Promise<void> =>
  until(`${bytes} bytes`, () => Promise.resolve(viewer.received.length >= bytes));
const answered = (viewer: Viewer): Promise<void> => until('an answer', () => Promise.resolve(viewer.head !== ''));

describe('the desktop as a stream', () => {
  it('greets with the real server’s version, answers in RFB, and counts only input as activity', async () => {
    const desktop = await startDesktop({ browser: false });
    closers.push(() => desktop.close());
    const served = await serveVnc(desktop.vncSocket);
    const viewer = served.ask();
    const { socket } = viewer;
    await seen(viewer, 12);
    expect(viewer.head).toBe('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: rfb');
    expect(viewer.received.toString('latin1', 0, 12)).toBe('RFB 003.008\n');
    socket.write('RFB 003.008\n');
    await seen(viewer, 14);
    expect([...viewer.received.subarray(12, 14)]).toEqual([1, 1]);
    socket.write(Buffer.from([1]));
    await seen(viewer, 18);
    socket.write(Buffer.from([1]));
    await seen(viewer, 22);
    expect([viewer.received.readUInt16BE(18), viewer.received.readUInt16BE(20)]).toEqual([1280, 800]);
    expect(served.touched).toEqual([]);
    socket.write(Buffer.from([5, 0, 0, 10, 0, 10]));
    await until('activity', () => Promise.resolve(served.touched.length > 0));
    expect(served.touched).toEqual(['viewer']);
    expect(await served.check()).toBe('ready');
  });

  it('does not open when there is no VNC server', async () => {
    const served = await serveVnc('/nowhere/vnc.sock');
    const viewer = served.ask();
    await once(viewer.socket, 'end');
    expect(viewer.head).toContain('503');
    expect(viewer.received.toString()).toContain('VNC_UNAVAILABLE');
    expect(await served.check()).toBe('starting');
  });

  it.each<[string, Parameters<Served['ask']>[0], string, string]>([
    ['without a token', { scopes: null }, '401', 'UNAUTHENTICATED'],
    ['with a token for something else', { scopes: ['files'] }, '403', 'SCOPE_DENIED'],
    ['for a WebSocket', { protocol: 'websocket' }, '400', 'INVALID_REQUEST'],
  ])('is refused in plain HTTP %s, before the VNC server is asked', async (_name, options, status, code) => {
    let connections = 0;
    const served = await serveVnc(await serveSocket(() => connections++));
    const viewer = served.ask(options);
    await once(viewer.socket, 'end');
    expect(viewer.head).toContain(`HTTP/1.1 ${status}`);
    expect(viewer.received.toString()).toContain(code);
    expect(connections).toBe(0);
  });

  it('makes a fast server wait for a slow viewer, and loses nothing', async () => {
    const total = 64 * 1024 * 1024;
    const chunk = Buffer.from(Uint8Array.from({ length: 65_521 }, (_, index) => index % 251));
    let sent = 0;
    const vncSocket = await serveSocket((socket) => {
      const send = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!socket.write(chunk)) return;
        }
        socket.end();
      };
      socket.on('drain', send);
      send();
    });
    const viewer = (await serveVnc(vncSocket)).ask();
    await answered(viewer);
    viewer.socket.pause().removeAllListeners('data');
    let before = -1;
    await until('the flood to stop', async () => {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return sent === before;
    });
    // The kernel's buffers, one read of the bridge, and what the viewer had read already.
    expect(sent).toBeLessThan(4 * 1024 * 1024);
    let position = viewer.received.length;
    let wrong = 0;
    viewer.socket.on('data', (bytes: Buffer) => {
      for (let index = 0; index < bytes.length; index += 997) {
        if (bytes[index] !== chunk[(position + index) % chunk.length]) wrong++;
      }
      position += bytes.length;
    });
    viewer.socket.resume();
    await once(viewer.socket, 'end');
    expect([position, wrong]).toEqual([sent, 0]);
  });

  it('makes a fast viewer wait for a slow server', async () => {
    const vncSocket = await serveSocket((socket) => socket.pause());
    const { socket } = (await serveVnc(vncSocket)).ask({ scopes: ['control'] });
    let blocked = 0;
    for (let sent = 0; sent < 16; sent++) if (!socket.write(Buffer.alloc(1024 * 1024))) blocked = socket.writableLength;
    await until('the viewer to be held up', async () => {
      const before = socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return socket.writableLength === before;
    });
    expect(blocked).toBeGreaterThan(0);
    expect(socket.writableLength).toBeGreaterThan(12 * 1024 * 1024);
  });
});

describe('the end of the stream', () => {
  it('of a viewer who has said the last word reaches the server, with that word', async () => {
    let heard = '';
    const ended = Promise.withResolvers<undefined>();
    const vncSocket = await serveSocket((socket) => {
      socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
      socket.on('end', () => {
        ended.resolve(undefined);
        socket.end('goodbye');
      });
    });
    const viewer = (await serveVnc(vncSocket)).ask();
    await answered(viewer);
    viewer.socket.end('last word');
    await Promise.all([ended.promise, once(viewer.socket, 'end')]);
    expect([heard, viewer.received.toString()]).toEqual(['last word', 'goodbye']);
  });

  it('of a server reaches the viewer, with all that it said', async () => {
    const vncSocket = await serveSocket((socket) => socket.end(Buffer.alloc(3_000_000, 1)));
    const viewer = (await serveVnc(vncSocket)).ask();
    await once(viewer.socket, 'end');
    expect(viewer.received.length).toBe(3_000_000);
  });

  it('of a viewer who is cut off closes the connection to the server', async () => {
    const left = Promise.withResolvers<undefined>();
    const vncSocket = await serveSocket((socket) => {
      socket.on('close', () => left.resolve(undefined)).resume();
      socket.on('end', () => socket.end());
    });
    const viewer = (await serveVnc(vncSocket)).ask();
    await answered(viewer);
    viewer.socket.destroy();
    await left.promise;
  });

  it('comes when tool-api closes', async () => {
    const vncSocket = await serveSocket((socket) => socket.write('RFB 003.008\n'));
    const served = await serveVnc(vncSocket);
    const viewer = served.ask();
    await seen(viewer, 12);
    await Promise.all([once(viewer.socket, 'end'), served.close()]);
  });
});
