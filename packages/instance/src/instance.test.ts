import { createServer, type RequestListener, type Server } from 'node:http';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { createSigner, generateKeyPair } from '@sandpiper/capability';
import { filesRead, shellRun } from '@sandpiper/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createInstanceClient, type InstanceClient } from './index.ts';

/*
 * Against a sandbox that lies: whatever runs inside may answer in tool-api's place. How the client gets on with the
 * real one is tested beside tool-api, which may import both.
 */
const directory = mkdtempSync(path.join(tmpdir(), 'instance-'));
const signer = createSigner({ ...generateKeyPair(), issuer: 'gateway' });
let server: Server;
let client: InstanceClient;
let answer: RequestListener;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`;
});
beforeEach(() => {
  client = createInstanceClient({ address, uid: 'u', signer });
});
afterEach(async () => {
  await client.close();
  server.closeAllConnections();
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true });
});

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) => {
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const code = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'accepted',
    (error: unknown) => (error as { code?: string }).code ?? error,
  );
const read = (): Promise<unknown> => client.callTool(filesRead, { path: 'x' });

describe('a sandbox that lies', () => {
  it.each<[string, RequestListener, string]>([
    [
      'a page of HTML',
      (_q, r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<b>'),
      'INSTANCE_ANSWER_INVALID',
    ],
    ['broken JSON', json(200, '{"path":'), 'INSTANCE_ANSWER_INVALID'],
    ['another shape', json(200, { path: 7 }), 'INSTANCE_ANSWER_INVALID'],
    [
      'a redirect',
      (_q, r) => r.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      'INSTANCE_ANSWER_INVALID',
    ],
    ['an error without an envelope', json(500, { oops: 1 }), 'INSTANCE_ANSWER_INVALID'],
    [
      '401, as if the person were signed out',
      json(401, { code: 'UNAUTHENTICATED', message: 'sign in', retryable: false }),
      'INSTANCE_REFUSED',
    ],
    ['an error of its own', json(404, { code: 'FILE_NOT_FOUND', message: 'm', retryable: false }), 'FILE_NOT_FOUND'],
    ['a cut connection', (q) => q.socket.destroy(), 'INSTANCE_UNREACHABLE'],
  ])('with %s', async (_name, listener, expected) => {
    answer = listener;
    expect(await code(read())).toBe(expected);
  });

  it('with more than anybody should have to read', async () => {
    let sent = 0;
    answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(1024 * 1024, 'x');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
        sent += chunk.length;
      };
      response.on('drain', more);
      more();
    };
    expect(await code(read())).toBe('INSTANCE_ANSWER_TOO_LARGE');
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });

  it('with an endless message or a made-up status', async () => {
    answer = json(404, { code: 'X', message: 'm'.repeat(50_000), retryable: false });
    await expect(read()).rejects.toMatchObject({ status: 404 });
    expect(((await read().catch((error: unknown) => error)) as Error).message.length).toBeLessThan(2100);
  });

  it('with names that are paths or show as others', async () => {
    const entry = (name: string, at = name): object => ({ name, path: at, type: 'file', sizeBytes: 1, modifiedAt: '' });
    answer = json(200, {
      path: '',
      truncated: false,
      entries: [
        entry('../../etc/passwd'),
        entry('..'),
        entry('a\0b'),
        entry('ok'),
        entry('x', 'other'),
        entry('inv\u202etxt.exe'),
        entry('line\nbreak'),
      ],
    });
    const { entries } = await client.listFiles('');
    expect(entries.map(({ name }) => name)).toEqual(['ok', 'inv\ufffdtxt.exe', 'line\ufffdbreak']);
  });

  it('with headers that are meant for a browser', async () => {
    answer = (_request, response) =>
      response
        .writeHead(200, { 'content-type': 'application/octet-stream', etag: 'W/<script>', 'content-range': 'bytes x' })
        .end('x');
    const file = await client.readFile('x');
    file.body.destroy();
    expect([file.etag, file.contentRange]).toEqual([undefined, undefined]);
    answer = json(200, {});
    expect(await code(client.readFile('x'))).toBe('NOT_A_FILE');
  });

  it('with events that nobody knows', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: {"type":"surprise"}\n\n');
    expect(await code(client.followCommand('c1').next())).toBe('INSTANCE_ANSWER_INVALID');
    answer = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('x'.repeat(2_000_000));
    expect(await code(client.followCommand('c1').next())).toBe('INSTANCE_ANSWER_TOO_LARGE');
  });
});

describe('a sandbox that is not there', () => {
  it('is INSTANCE_UNREACHABLE, which may be tried again, for calls and sockets', async () => {
    const gone = createInstanceClient({ address: `unix:${path.join(directory, 'none.sock')}`, uid: 'u', signer });
    const refusal = { code: 'INSTANCE_UNREACHABLE', retryable: true };
    await expect(gone.callTool(shellRun, { command: 'true' })).rejects.toMatchObject(refusal);
    await expect(gone.openSocket('/v1/pty', { scope: 'control' })).rejects.toMatchObject(refusal);
    await expect(gone.writeFile('x', Readable.from(['x']))).rejects.toMatchObject(refusal);
    expect(await gone.health()).toBe(false);
    await gone.close();
  });

  it('is left at once when the caller aborts', async () => {
    answer = () => undefined;
    const controller = new AbortController();
    const call = client.callTool('shell_run', { command: 'true' }, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});

describe('what it sends', () => {
  it('is a token for this sandbox with one scope, and paths that stay what they are', async () => {
    const seen: { url: string | undefined; scope: unknown; aud: unknown; sub: unknown }[] = [];
    answer = (request, response) => {
      const claims = JSON.parse(
        Buffer.from(request.headers.authorization!.split('.')[1]!, 'base64url').toString(),
      ) as Record<string, unknown>;
      seen.push({ url: request.url, scope: claims['scope'], aud: claims['aud'], sub: claims['sub'] });
      json(404, { code: 'X', message: '', retryable: false })(request, response);
    };
    await code(client.callTool('a/../b', {}, { subject: 'me' }));
    await code(client.statFile('/tmp/../a b?c#d'));
    expect(seen).toEqual([
      { url: '/v1/tools/a%2F..%2Fb', scope: 'tools', aud: 'sandbox:u', sub: 'me' },
      { url: '/v1/files/%2Ftmp/../a%20b%3Fc%23d?op=stat', scope: 'files', aud: 'sandbox:u', sub: undefined },
    ]);
  });
});
