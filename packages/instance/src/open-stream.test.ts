import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createSigner, generateKeyPair } from '@sandpiper/capability';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AddressInfo } from 'node:net';
import { createInstanceClient, type InstanceClient, type InstanceStream } from './index.ts';
import { readUpgradeAnswer } from './upgrade-answer.ts';

/* Against a sandbox that lies; how the client gets on with the real tool-api is tested beside that. */
let server: Server;
let client: InstanceClient;
let request = '';
let answer: (socket: Socket) => void;
const open = new Set<Socket>();

beforeAll(async () => {
  server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      request = bytes.toString();
      answer(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const signer = createSigner({ ...generateKeyPair(), issuer: 'gateway' });
  client = createInstanceClient({ address: `http://127.0.0.1:${port.toString()}`, uid: 'u', signer });
});
afterEach(() => {
  for (const socket of open) socket.destroy();
});
afterAll(async () => {
  await client.close();
  await new Promise((resolve) => server.close(resolve));
});

const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: rfb\r\n\r\n';
const says = (text: string) => (socket: Socket) => void socket.end(text);
const refusal = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length.toString()}\r\n\r\n${body}`;
const openStream = (signal?: AbortSignal): Promise<InstanceStream> =>
  client.openStream('/v1/vnc', { protocol: 'rfb', scope: 'view', ...(signal ? { signal } : {}) });

describe('a sandbox that lies about a stream', () => {
  it.each<[string, (socket: Socket) => void, string]>([
    ['garbage', says('\0\xff\n\n\r\n\r\n'), 'INSTANCE_ANSWER_INVALID'],
    ['another protocol', says(SWITCHED.replace('rfb', 'websocket')), 'INSTANCE_ANSWER_INVALID'],
    ['no protocol', says('HTTP/1.1 101 Sure\r\n\r\n'), 'INSTANCE_ANSWER_INVALID'],
    ['a header without a name', says('HTTP/1.1 101 Sure\r\nUpgrade: rfb\r\n: x\r\n\r\n'), 'INSTANCE_ANSWER_INVALID'],
    ['success, but no stream', says('HTTP/1.1 200 OK\r\n\r\n{}'), 'INSTANCE_ANSWER_INVALID'],
    [
      'a redirect',
      says('HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n'),
      'INSTANCE_ANSWER_INVALID',
    ],
    ['an error without an envelope', says(refusal('500 Oops', '{"oops":1}')), 'INSTANCE_ANSWER_INVALID'],
    [
      '401, as if the person were signed out',
      says(refusal('401 No', '{"code":"UNAUTHENTICATED","message":"sign in","retryable":false}')),
      'INSTANCE_REFUSED',
    ],
    [
      'an error of its own',
      says(refusal('503 No', '{"code":"VNC_UNAVAILABLE","message":"m","retryable":true}')),
      'VNC_UNAVAILABLE',
    ],
    ['half an answer', says('HTTP/1.1 101 Switch'), 'INSTANCE_UNREACHABLE'],
    ['half a refusal', says('HTTP/1.1 503 No\r\nContent-Length: 900\r\n\r\n{"code"'), 'INSTANCE_ANSWER_INVALID'],
    ['a cut connection', (socket) => socket.resetAndDestroy(), 'INSTANCE_UNREACHABLE'],
  ])('with %s', async (_name, behaviour, code) => {
    answer = behaviour;
    await expect(openStream()).rejects.toMatchObject({ code });
    await vi.waitFor(() => expect(open.size).toBe(0));
  });

  it.each([
    ['a head', 'HTTP/1.1 101 Switching Protocols\r\nX: '],
    ['a refusal', 'HTTP/1.1 503 No\r\n\r\n'],
  ])('with %s that never ends', async (_name, beginning) => {
    let sent = 0;
    answer = (socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536))) sent += 65_536;
      };
      socket.on('drain', more);
      socket.write(beginning);
      more();
    };
    await expect(openStream()).rejects.toMatchObject({ code: 'INSTANCE_ANSWER_INVALID' });
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it('with any bytes, in any pieces', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
        fc
          .constantFrom(
            'HTTP/1.1 101 x\r\n',
            'HTTP/1.1 503 \r\n',
            'Upgrade: rfb\r\n',
            'Content-Length: 3\r\n',
            '\r\n',
            '{}',
          )
          .map((text) => Buffer.from(text)),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(pieces, fc.boolean(), (chunks, isLast) => {
        const bytes = Buffer.concat(chunks);
        try {
          const rest = readUpgradeAnswer(bytes, { protocol: 'rfb', isLast });
          if (rest !== undefined) expect(bytes.toString('latin1')).toMatch(/^HTTP\/1\.1 101 x\r\n[^]*Upgrade: rfb\r\n/);
        } catch (error) {
          expect(error).toHaveProperty('code');
        }
      }),
    );
  });

  it('by not answering is left when the caller aborts, and the connection with it', async () => {
    const asked = Promise.withResolvers<undefined>();
    answer = () => asked.resolve(undefined);
    const controller = new AbortController();
    const opening = openStream(controller.signal);
    await asked.promise;
    controller.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
    await vi.waitFor(() => expect(open.size).toBe(0));
  });
});

describe('a stream', () => {
  it('asks with a token for this sandbox and one scope, and carries bytes both ways', async () => {
    answer = (socket) => {
      socket.write(`${SWITCHED}early`);
      socket.pipe(socket);
    };
    const stream = await openStream();
    expect(request).toMatch(/^GET \/v1\/vnc HTTP\/1\.1\r\nHost: sandbox\r\nConnection: Upgrade\r\nUpgrade: rfb\r\n/);
    const token = /^Authorization: Bearer (\S+)\r$/m.exec(request)?.[1] ?? '';
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ aud: 'sandbox:u', scope: 'view' });
    let heard = '';
    stream.read((chunk, next) => {
      heard += chunk.toString();
      next();
    });
    stream.write(Buffer.from(' and echoed'));
    await vi.waitFor(() => expect(heard).toBe('early and echoed'));
    stream.close();
    await vi.waitFor(() => expect(open.size).toBe(0));
  });

  it('hands out one chunk at a time, whole until it is done with, and lets the sandbox wait meanwhile', async () => {
    let sent = 0;
    answer = (socket) => {
      const more = (): void => {
        while (!socket.destroyed && socket.write(Buffer.alloc(65_536, sent / 65_536))) sent += 65_536;
        sent += 65_536;
      };
      socket.on('drain', more);
      socket.write(SWITCHED);
      more();
    };
    const stream = await openStream();
    const chunks: { chunk: Buffer; copy: Buffer; next: () => void }[] = [];
    stream.read((chunk, next) => chunks.push({ chunk, copy: Buffer.from(chunk), next }));
    let before = -1;
    const standsStillAt = (count: number): Promise<void> =>
      vi.waitFor(
        () => {
          const stands = sent === before && chunks.length === count;
          before = sent;
          expect(stands).toBe(true);
        },
        { timeout: 10_000, interval: 200 },
      );
    await standsStillAt(1);
    expect(chunks[0]!.chunk.equals(chunks[0]!.copy)).toBe(true);
    expect(chunks[0]!.chunk.length).toBeLessThanOrEqual(256 * 1024);
    chunks[0]!.next();
    // Called twice, as a write that is done at once and reports it again later would: that is no second chunk.
    chunks[0]!.next();
    await standsStillAt(2);
    stream.close();
  });

  it('tells of its end, once, also who asks late', async () => {
    answer = says(`${SWITCHED}last`);
    const stream = await openStream();
    let heard = '';
    const closed = Promise.withResolvers<undefined>();
    stream.onClose(() => closed.resolve(undefined));
    stream.read((chunk, next) => {
      heard += chunk.toString();
      next();
    });
    await closed.promise;
    expect(heard).toBe('last');
    const late = vi.fn();
    stream.onClose(late);
    expect(late).toHaveBeenCalledOnce();
  });
});
