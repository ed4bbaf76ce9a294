import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import { createInstanceClient } from '@sandpiper/instance';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createHeldSandboxes } from '../testing/held-sandboxes.ts';
import { startTestGateway, type TestGateway, type TestUser } from '../testing/test-gateway.ts';
import { startToolApi, type TestToolApi } from '../testing/tool-api.ts';

let toolApi: TestToolApi;
let gateway: TestGateway;
let user: TestUser;
let files: string;

beforeAll(async () => {
  toolApi = await startToolApi();
  gateway = await startTestGateway({
    computers: {
      sandboxes: createHeldSandboxes(toolApi.endpoint),
      signer: toolApi.signer,
      connectInstance: ({ address, uid }, signer) => createInstanceClient({ address, uid, signer }),
    },
  });
  user = await gateway.signIn();
  files = `/sessions/${(await user.createSession()).id}/files`;
});
afterAll(async () => {
  await gateway.close();
  await toolApi.close();
});

const put = (route: string, body: Uint8Array | string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${gateway.url}/api/v1${files}/${route}`, {
    method: 'PUT',
    headers: { Authorization: `Bearer ${user.token}`, ...headers },
    body: body as string,
  });

describe('files of the workspace', () => {
  test('go there and come back byte for byte', async () => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    const written = await put('deep/er/data%20%E2%82%AC.bin', bytes);
    expect([written.status, await written.json()]).toMatchObject([
      201,
      { path: 'deep/er/data €.bin', sizeBytes: 60_000 },
    ]);
    const read = await user.call('GET', `${files}/deep/er/data%20%E2%82%AC.bin`);
    expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes);
    expect((await put('deep/er/data%20%E2%82%AC.bin', 'x')).status).toBe(200);
  });

  test('are listed, by folder', async () => {
    await mkdir(path.join(toolApi.workspace, 'listed/inner'), { recursive: true });
    await writeFile(path.join(toolApi.workspace, 'listed/a.txt'), 'a');
    const listing = (await (await user.call('GET', `${files}/listed`)).json()) as {
      entries: { path: string; type: string }[];
    };
    expect(listing.entries.map(({ path: where, type }) => [where, type])).toEqual([
      ['listed/inner', 'directory'],
      ['listed/a.txt', 'file'],
    ]);
    expect((await user.call('GET', `${files}/`)).status).toBe(200);
    expect((await user.call('GET', files)).status).toBe(200);
  });

  test('are sent by range, and not again while they are the same', async () => {
    await put('range.txt', '0123456789');
    const part = await user.call('GET', `${files}/range.txt`, undefined, { Range: 'bytes=2-4' });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 2-4/10', '234']);
    const etag = part.headers.get('etag')!;
    const again = await user.call('GET', `${files}/range.txt`, undefined, { 'If-None-Match': etag });
    expect(again.status).toBe(304);
    const head = await user.call('HEAD', `${files}/range.txt`);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '10']);
    const changed = await put('range.txt', 'new', { 'If-Match': '"other"' });
    expect(changed.status).toBeGreaterThanOrEqual(400);
    expect(await readFile(path.join(toolApi.workspace, 'range.txt'), 'utf8')).toBe('0123456789');
  });

  test('cannot act as part of the site', async () => {
    await put('page.html', '<script>alert(1)</script>');
    const page = await user.call('GET', `${files}/page.html?download=1`);
    expect(page.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/);
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('content-disposition')).toBe(
      `attachment; filename="page.html"; filename*=UTF-8''page.html`,
    );
    await page.text();
  });

  test('are moved, put into folders and archives, and deleted', async () => {
    await put('one.txt', 'one');
    expect((await user.call('POST', `${files}/box`, { op: 'mkdir' })).status).toBe(200);
    const moved = await user.call('POST', `${files}/one.txt`, { op: 'move', to: 'box/one.txt' });
    expect(await moved.json()).toMatchObject({ path: 'box/one.txt' });
    const archive = await user.call('POST', `${files}/box`, { op: 'archive' });
    expect(archive.headers.get('content-disposition')).toContain('box.tar.gz');
    const gzip = new Uint8Array(await archive.arrayBuffer());
    expect([...gzip.subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect((await user.call('DELETE', `${files}/box`)).status).toBe(204);
    expect((await user.call('GET', `${files}/box`)).status).toBe(404);
  });

  test.each(['%2e%2e/x', 'a/%2e%2e/%2e%2e/etc/passwd', '%2Fetc%2Fpasswd', 'a%00b', 'a//b', 'a/./b'])(
    '%s is refused',
    async (route) => {
      // fetch would tidy the path before sending it.
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const { hostname, port } = new URL(gateway.url);
        const options = {
          hostname,
          port,
          path: `/api/v1${files}/${route}`,
          headers: { Authorization: `Bearer ${user.token}` },
        };
        httpRequest(options, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .on('error', reject)
          .end();
      });
      expect(status).toBe(400);
    },
  );

  test('a symlink that leads out is refused by the sandbox, in its own words', async () => {
    await symlink('/etc/passwd', path.join(toolApi.workspace, 'out'));
    const response = await user.call('GET', `${files}/out`);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.status).toBeLessThan(500);
    expect(await response.text()).not.toContain('root:');
  });

  test('an unknown operation names its field', async () => {
    const response = await user.call('POST', `${files}/x`, { op: 'copy' });
    expect([response.status, await response.json()]).toMatchObject([400, { issues: [{ path: 'op' }] }]);
    const outside = await user.call('POST', `${files}/x`, { op: 'move', to: '../x' });
    expect([outside.status, await outside.json()]).toMatchObject([400, { issues: [{ path: 'to' }] }]);
  });
});
