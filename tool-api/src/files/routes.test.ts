import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type { FileEntry, FileListing } from '@sandpiper/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../testing/sandbox.ts';
import { readRange } from './byte-range.ts';

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox();
});
afterAll(() => sandbox.close());
const home = (...names: string[]): string => path.join(sandbox.workspace, ...names);
const temporaries = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.tmp'));

describe('bytes', () => {
  it('come back as they were sent, with an ETag that follows the content', async () => {
    const bytes = randomBytes(3_000_000);
    const put = await sandbox.send('PUT', '/v1/files/up/b%20c/d%2Fe.bin', { body: bytes });
    expect([put.status, put.json]).toEqual([
      201,
      expect.objectContaining({ path: 'up/b c/d/e.bin', type: 'file', sizeBytes: 3_000_000 }),
    ]);
    const got = await sandbox.send('GET', '/v1/files/up/b c/d/e.bin'.replace(' ', '%20'));
    expect(createHash('sha256').update(got.bytes).digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(got.headers).toMatchObject({
      etag: put.headers['etag'],
      'content-length': '3000000',
      'content-type': 'application/octet-stream',
    });
    const head = await sandbox.send('HEAD', '/v1/files/up/b%20c/d/e.bin');
    expect([head.status, head.headers['content-length'], head.bytes.length]).toEqual([200, '3000000', 0]);
    const etag = String(got.headers['etag']);
    expect(
      (await sandbox.send('GET', '/v1/files/up/b%20c/d/e.bin', { headers: { 'if-none-match': etag } })).status,
    ).toBe(304);
    await sandbox.send('PUT', '/v1/files/up/b%20c/d/e.bin', { body: 'new', headers: { 'if-match': etag } });
    const late = await sandbox.send('PUT', '/v1/files/up/b%20c/d/e.bin', {
      body: 'lost',
      headers: { 'if-match': etag },
    });
    expect([late.status, late.json]).toEqual([412, expect.objectContaining({ code: 'FILE_CHANGED' })]);
    expect(readFileSync(home('up/b c/d/e.bin'), 'utf8')).toBe('new');
    expect(
      (await sandbox.send('PUT', '/v1/files/up/b%20c/d/e.bin', { body: 'x', headers: { 'if-none-match': '*' } })).json,
    ).toMatchObject({ code: 'FILE_EXISTS' });
  });

  it('come in ranges', async () => {
    writeFileSync(home('digits'), '0123456789');
    const range = async (value: string, headers = {}): Promise<[number, string, unknown]> => {
      const {
        status,
        text,
        headers: got,
      } = await sandbox.send('GET', '/v1/files/digits', { headers: { range: value, ...headers } });
      return [status, text, got['content-range']];
    };
    expect(await range('bytes=2-4')).toEqual([206, '234', 'bytes 2-4/10']);
    expect(await range('bytes=-3')).toEqual([206, '789', 'bytes 7-9/10']);
    expect(await range('bytes=8-99')).toEqual([206, '89', 'bytes 8-9/10']);
    expect(await range('bytes=0-1', { 'if-range': '"older"' })).toEqual([200, '0123456789', undefined]);
    const [status, , contentRange] = await range('bytes=10-');
    expect([status, contentRange]).toEqual([416, 'bytes */10']);
  });

  it.each([
    ['bytes=0-', 5, { start: 0, end: 5 }],
    ['bytes=-9', 5, { start: 0, end: 5 }],
    ['bytes=3-2', 5, 'whole'],
    ['bytes=0-1,3-4', 5, 'whole'],
    ['items=0-1', 5, 'whole'],
    ['bytes=-', 5, 'whole'],
    ['bytes=-0', 5, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    [undefined, 5, 'whole'],
  ] as const)('range %s of %d bytes', (header, size, expected) => {
    expect(readRange(header, size)).toEqual(expected);
  });

  it('of an upload that is cut off leave the old file and nothing else', async () => {
    writeFileSync(home('kept'), 'old');
    const request = http.request({
      socketPath: sandbox.socketPath,
      method: 'PUT',
      path: '/v1/files/kept',
      headers: { authorization: `Bearer ${sandbox.token(['files'])}`, 'content-length': 1_000_000 },
    });
    request.on('error', () => undefined);
    request.write(Buffer.alloc(100_000));
    await vi.waitFor(() => expect(temporaries(sandbox.workspace)).toHaveLength(1));
    request.destroy();
    await vi.waitFor(() => expect(temporaries(sandbox.workspace)).toHaveLength(0));
    expect(readFileSync(home('kept'), 'utf8')).toBe('old');
  });

  it('of folders come as a list, and one entry by op=stat', async () => {
    mkdirSync(home('dir/sub'), { recursive: true });
    writeFileSync(home('dir/f.txt'), 'abc');
    const listing = (await sandbox.send('GET', '/v1/files/dir')).json as FileListing;
    expect(listing).toMatchObject({ path: 'dir', truncated: false });
    expect(listing.entries.map(({ path: at, type, sizeBytes }) => [at, type, type === 'file' ? sizeBytes : 0])).toEqual(
      [
        ['dir/sub', 'directory', 0],
        ['dir/f.txt', 'file', 3],
      ],
    );
    expect(((await sandbox.send('GET', '/v1/files')).json as FileListing).path).toBe('');
    expect((await sandbox.send('GET', '/v1/files/dir/f.txt?op=stat')).json as FileEntry).toMatchObject({
      name: 'f.txt',
      path: 'dir/f.txt',
      sizeBytes: 3,
    });
    expect((await sandbox.send('GET', `/v1/files/${encodeURIComponent(sandbox.scratch)}`)).json).toMatchObject({
      path: sandbox.scratch,
    });
  });

  it('of folders come as an archive', async () => {
    mkdirSync(home('-pack/in'), { recursive: true });
    writeFileSync(home('-pack/in/x'), 'packed');
    const archive = await sandbox.send('POST', '/v1/files/-pack?op=archive');
    expect(archive.status).toBe(200);
    expect(execFileSync('tar', ['-xzOf', '-', './-pack/in/x'], { input: archive.bytes }).toString()).toBe('packed');
    expect((await sandbox.send('POST', '/v1/files/none', { body: { op: 'archive' } })).json).toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });

  it('are moved, deleted and given folders', async () => {
    expect((await sandbox.send('POST', '/v1/files/new/folder', { body: { op: 'mkdir' } })).json).toMatchObject({
      path: 'new/folder',
      type: 'directory',
    });
    writeFileSync(home('new/folder/f'), '1');
    expect(
      (await sandbox.send('POST', '/v1/files/new/folder/f', { body: { op: 'move', to: 'moved/f' } })).json,
    ).toMatchObject({ path: 'moved/f' });
    expect((await sandbox.send('DELETE', '/v1/files/moved')).status).toBe(204);
    expect(existsSync(home('moved'))).toBe(false);
    expect((await sandbox.send('POST', '/v1/files/new', { body: { op: 'explode' } })).status).toBe(400);
    expect((await sandbox.send('POST', '/v1/files/new', { body: { op: 'mkdir', more: 1 } })).json).toMatchObject({
      issues: [{ path: 'more' }],
    });
  });
});

const canMount = ((): boolean => {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();

// Needs a file system of its own to fill: root with the right to mount.
describe.skipIf(!canMount)('a full disk', () => {
  it('is an error with its name, and leaves nothing half-written', async () => {
    const disk = home('disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
    try {
      writeFileSync(path.join(disk, 'old'), 'old');
      const put = await sandbox.send('PUT', '/v1/files/disk/old', { body: Buffer.alloc(2_000_000) });
      expect([put.status, put.json]).toEqual([
        507,
        expect.objectContaining({ code: 'DISK_FULL', errno: 'ENOSPC', retryable: false }),
      ]);
      await expect(sandbox.call('files_write', { path: 'disk/new', content: 'x'.repeat(2_000_000) })).rejects.toThrow(
        'DISK_FULL',
      );
      expect(readdirSync(disk)).toEqual(['old']);
      expect(readFileSync(path.join(disk, 'old'), 'utf8')).toBe('old');
      // Another file system than the workspace: moving there and back copies.
      writeFileSync(home('traveller'), 'x');
      await sandbox.call('files_move', { from: 'traveller', to: 'disk/traveller' });
      expect(existsSync(home('traveller'))).toBe(false);
      expect(readFileSync(path.join(disk, 'traveller'), 'utf8')).toBe('x');
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});
