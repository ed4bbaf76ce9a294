import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSocketServer, type AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startDesktop, until } from '../desktop/testing/desktop.ts';
import type { Group } from '../group.ts';
import type { UpgradeContext } from '../upgrade.ts';
import { createVncGroup } from './group.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The group's WebSocket behind a bare server; tokens and routing are tested where they are. */
async function serveVnc(group: Group): Promise<string> {
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    const prepared = group.upgrades?.[0]?.prepare({ request } as UpgradeContext);
    prepared?.then(
      (take) => sockets.handleUpgrade(request, socket, head, take),
      () => socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    await group.close?.();
    server.close();
    await once(server, 'close');
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/vnc`;
}

function open(url: string): WebSocket {
  const viewer = new WebSocket(url, 'binary');
  closers.push(() => {
    viewer.terminate();
    return Promise.resolve();
  });
  return viewer;
}

describe('VNC over WebSocket', () => {
  it('greets with the real server’s version, answers in RFB, and counts only input as activity', async () => {
    const desktop = await startDesktop({ browser: false });
    closers.push(() => desktop.close());
    const touched: string[] = [];
    const group = createVncGroup({
      vncSocket: desktop.vncSocket,
      activity: { touch: (reason) => touched.push(reason) },
    });
    const viewer = open(await serveVnc(group));
    let received = Buffer.alloc(0);
    viewer.on('message', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
    });
    await until('the greeting', () => Promise.resolve(received.length >= 12));
    expect(viewer.protocol).toBe('binary');
    expect(received.toString('latin1', 0, 12)).toBe('RFB 003.008\n');
    viewer.send('RFB 003.008\n');
    await until('security types', () => Promise.resolve(received.length >= 14));
    expect([...received.subarray(12, 14)]).toEqual([1, 1]);
    viewer.send(Buffer.from([1]));
    await until('the security result', () => Promise.resolve(received.length >= 18));
    viewer.send(Buffer.from([1]));
    await until('the size', () => Promise.resolve(received.length >= 22));
    expect([received.readUInt16BE(18), received.readUInt16BE(20)]).toEqual([1280, 800]);
    expect(touched).toEqual([]);
    viewer.send(Buffer.from([5, 0, 0, 10, 0, 10]));
    await until('activity', () => Promise.resolve(touched.length > 0));
    expect(touched).toEqual(['viewer']);
    expect(await group.components?.[0]?.check()).toBe('ready');
  });

  it('does not open when there is no VNC server', async () => {
    const group = createVncGroup({ vncSocket: '/nowhere/vnc.sock', activity: { touch: () => undefined } });
    const [error] = (await once(open(await serveVnc(group)), 'error')) as [Error];
    expect(error.message).toContain('503');
    expect(await group.components?.[0]?.check()).toBe('starting');
  });

  it('makes a fast server wait for a slow viewer, and loses nothing', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'vnc-'));
    const vncSocket = path.join(directory, 'vnc.sock');
    const total = 64 * 1024 * 1024;
    let sent = 0;
    const flood = createSocketServer((socket) => {
      const chunk = Buffer.alloc(64 * 1024, 7);
      const send = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!socket.write(chunk)) break;
        }
      };
      socket.on('drain', send).on('error', () => undefined);
      send();
    });
    flood.listen(vncSocket);
    await once(flood, 'listening');
    closers.push(async () => {
      flood.close();
      await rm(directory, { recursive: true });
    });
    const viewer = open(await serveVnc(createVncGroup({ vncSocket, activity: { touch: () => undefined } })));
    let received = 0;
    viewer.on('message', (bytes: Buffer) => {
      received += bytes.length;
    });
    await once(viewer, 'open');
    viewer.pause();
    let before = -1;
    await until('the flood to stop', async () => {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return sent === before;
    });
    expect(sent).toBeLessThan(total / 2);
    viewer.resume();
    await until('all bytes', () => Promise.resolve(received === total));
  });
});
