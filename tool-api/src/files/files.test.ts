import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { filesGrep, filesList, filesRead, ToolOutput } from '@sandpiper/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../testing/sandbox.ts';

let sandbox: TestSandbox;
let outside: string;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  // Beside the roots: what an escape would reach.
  outside = path.join(path.dirname(sandbox.workspace), 'outside');
  mkdirSync(outside);
  writeFileSync(path.join(outside, 'secret.txt'), 'SECRET');
});
afterAll(() => sandbox.close());

const home = (...names: string[]): string => path.join(sandbox.workspace, ...names);
const call = <T>(name: string, input: object = {}): Promise<T> => sandbox.call(name, input);
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise;
    return 'accepted';
  } catch (error) {
    return (error as Error).message.split(':')[0]!;
  }
};

describe('text', () => {
  it('is written with its folders, read by lines, and numbered on request', async () => {
    expect(await call('files_write', { path: 'a/b/c.txt', content: 'one\ntwo\r\nthree' })).toEqual({
      path: home('a/b/c.txt'),
      sizeBytes: 14,
      created: true,
    });
    const all = await call<ToolOutput<typeof filesRead>>('files_read', { path: 'a/b/c.txt' });
    expect(all).toMatchObject({ text: 'one\ntwo\r\nthree', startLine: 1, endLine: 3, totalLines: 3, sizeBytes: 14 });
    expect(all.nextLine).toBeUndefined();
    const second = await call<ToolOutput<typeof filesRead>>('files_read', {
      path: 'a/b/c.txt',
      startLine: 2,
      limit: 1,
      numbered: true,
    });
    expect(second).toMatchObject({ text: '2\ttwo\r\n', endLine: 2, totalLines: 3, nextLine: 3 });
    const beyond = await call<ToolOutput<typeof filesRead>>('files_read', { path: 'a/b/c.txt', startLine: 9 });
    expect(beyond).toMatchObject({ text: '', endLine: 8, totalLines: 3 });
  });

  it('of any size is read in bounded memory, and a very long line is cut', async () => {
    writeFileSync(home('long.txt'), `${'x'.repeat(50_000_000)}\nlast\n`);
    const { text, totalLines } = await call<ToolOutput<typeof filesRead>>('files_read', { path: 'long.txt' });
    expect(totalLines).toBe(2);
    expect(text.length).toBeLessThan(9000);
    expect(text).toMatch(/^x+… \(49991809 bytes more\)\nlast\n$/);
  });

  it('is refused when it is none, a folder, a pipe or missing', async () => {
    writeFileSync(home('binary'), Buffer.from([1, 0, 2]));
    execFileSync('mkfifo', [home('pipe')]);
    expect(await codeOf(call('files_read', { path: 'binary' }))).toBe('FILE_BINARY');
    expect(await codeOf(call('files_read', { path: 'a' }))).toBe('NOT_A_FILE');
    expect(await codeOf(call('files_read', { path: 'pipe' }))).toBe('NOT_A_FILE');
    expect(await codeOf(call('files_read', { path: 'nothing' }))).toBe('FILE_NOT_FOUND');
    expect(await codeOf(call('files_read', { path: 'long.txt/x' }))).toBe('NOT_A_FOLDER');
  });
});

describe('files_edit', () => {
  it('replaces one exact occurrence and keeps every other byte, permissions too', async () => {
    writeFileSync(home('run.sh'), '\ufeff#!/bin/sh\r\necho $1\r\n', { mode: 0o755 });
    expect(await call('files_edit', { path: 'run.sh', oldText: 'echo $1', newText: "printf '$&$1'" })).toMatchObject({
      replacements: 1,
      line: 2,
    });
    expect(readFileSync(home('run.sh'), 'utf8')).toBe("\ufeff#!/bin/sh\r\nprintf '$&$1'\r\n");
    expect(statSync(home('run.sh')).mode & 0o777).toBe(0o755);
  });

  it('fails with the count when it is ambiguous, and when there is nothing, and changes nothing then', async () => {
    writeFileSync(home('same.txt'), 'x y x y x');
    await expect(call('files_edit', { path: 'same.txt', oldText: 'x', newText: 'z' })).rejects.toThrow(
      /EDIT_AMBIGUOUS: .* 3 times/,
    );
    expect(await codeOf(call('files_edit', { path: 'same.txt', oldText: 'q', newText: 'z' }))).toBe('EDIT_NO_MATCH');
    expect(readFileSync(home('same.txt'), 'utf8')).toBe('x y x y x');
    await call('files_edit', { path: 'same.txt', oldText: 'x', newText: 'z', replaceAll: true });
    expect(readFileSync(home('same.txt'), 'utf8')).toBe('z y z y z');
  });

  it('refuses a file that it could not write back as it was', async () => {
    writeFileSync(home('latin1.txt'), Buffer.from('caf\xe9 x', 'latin1'));
    expect(await codeOf(call('files_edit', { path: 'latin1.txt', oldText: 'x', newText: 'y' }))).toBe('FILE_BINARY');
  });
});

describe('folders', () => {
  it('are listed page by page, folders first', async () => {
    mkdirSync(home('list/z'), { recursive: true });
    for (const name of ['b', 'a', '.h']) writeFileSync(home('list', name), 'x');
    symlinkSync('/etc/passwd', home('list/l'));
    const page = await call<ToolOutput<typeof filesList>>('files_list', { path: 'list', limit: 3 });
    expect(page.entries.map(({ name, type }) => [name, type])).toEqual([
      ['z', 'directory'],
      ['.h', 'file'],
      ['a', 'file'],
    ]);
    expect([page.total, page.nextOffset]).toEqual([5, 3]);
    const rest = await call<ToolOutput<typeof filesList>>('files_list', {
      path: 'list',
      offset: 3,
      includeHidden: true,
    });
    expect(rest.entries.map(({ name, type }) => [name, type])).toEqual([
      ['b', 'file'],
      ['l', 'symlink'],
    ]);
  });

  it('are made, moved and deleted; nothing is overwritten or lost unasked', async () => {
    expect(await call('files_mkdir', { path: 'm/n' })).toMatchObject({ created: true });
    expect(await call('files_mkdir', { path: 'm/n' })).toMatchObject({ created: false });
    writeFileSync(home('m/n/f'), '1');
    writeFileSync(home('m/g'), '2');
    expect(await codeOf(call('files_move', { from: 'm/g', to: 'm/n/f' }))).toBe('FILE_EXISTS');
    await call('files_move', { from: 'm/g', to: 'm/n/f', overwrite: true });
    expect(readFileSync(home('m/n/f'), 'utf8')).toBe('2');
    await call('files_move', { from: 'm/n', to: `${sandbox.scratch}/deep/er/n` });
    expect(existsSync(path.join(sandbox.scratch, 'deep/er/n/f'))).toBe(true);
    expect(await codeOf(call('files_delete', { path: `${sandbox.scratch}/deep` }))).toBe('FOLDER_NOT_EMPTY');
    await call('files_delete', { path: `${sandbox.scratch}/deep`, recursive: true });
    expect(existsSync(path.join(sandbox.scratch, 'deep'))).toBe(false);
    for (const root of ['.', sandbox.scratch])
      expect(await codeOf(call('files_delete', { path: root, recursive: true }))).toBe('FILE_FORBIDDEN');
  });

  it('are deleted without following the symlinks in them', async () => {
    mkdirSync(home('trap'));
    symlinkSync(outside, home('trap/link'));
    await call('files_delete', { path: 'trap', recursive: true });
    expect(readdirSync(outside)).toEqual(['secret.txt']);
  });
});

describe('search', () => {
  beforeAll(() => {
    mkdirSync(home('src/.git'), { recursive: true });
    mkdirSync(home('src/lib'));
    mkdirSync(home('src/dist'));
    writeFileSync(home('src/.gitignore'), 'dist/\n');
    for (const name of ['a.ts', 'lib/b.ts', 'dist/e.ts', '.git/c.ts', 'd.md'])
      writeFileSync(home('src', name), 'alpha\nbeta (x)\ngamma\n');
  });

  it('globs page by page, without .git and what is ignored', async () => {
    expect(await call('files_glob', { path: 'src', pattern: '**/*.ts' })).toEqual({
      path: home('src'),
      files: ['a.ts', 'lib/b.ts'],
    });
    expect(await call('files_glob', { path: 'src', pattern: '*.ts', limit: 1 })).toMatchObject({
      files: ['a.ts'],
      nextOffset: 1,
    });
    expect(
      await call('files_glob', { path: 'src', pattern: '*.ts', limit: 5, offset: 1, includeIgnored: true }),
    ).toMatchObject({ files: ['dist/e.ts', 'lib/b.ts'] });
  });

  it('greps with context, literally, in one file, page by page', async () => {
    const found = await call<ToolOutput<typeof filesGrep>>('files_grep', {
      path: 'src',
      pattern: 'b.ta',
      glob: '*.ts',
      contextLines: 1,
    });
    expect(found.matches).toBe(2);
    expect(found.lines.map(({ file, line, isMatch }) => `${file}:${line}${isMatch ? '!' : ''}`)).toEqual([
      'a.ts:1',
      'a.ts:2!',
      'a.ts:3',
      'lib/b.ts:1',
      'lib/b.ts:2!',
      'lib/b.ts:3',
    ]);
    const page = await call<ToolOutput<typeof filesGrep>>('files_grep', {
      path: 'src',
      pattern: 'a',
      limit: 2,
      offset: 1,
    });
    expect([page.lines.map(({ text }) => text), page.nextOffset]).toEqual([['beta (x)', 'gamma'], 3]);
    expect(await call('files_grep', { path: 'src/d.md', pattern: '(x)', literal: true })).toMatchObject({
      matches: 1,
      lines: [{ file: 'd.md', line: 2 }],
    });
    expect(await call('files_grep', { path: 'src', pattern: 'nowhere' })).toMatchObject({ matches: 0, lines: [] });
    expect(await codeOf(call('files_grep', { path: 'src', pattern: '(' }))).toBe('PATTERN_INVALID');
  });
});

describe('a path out of the roots is refused', () => {
  const attacks: [string, () => string][] = [
    ['..', () => '../outside/secret.txt'],
    ['.. after a folder', () => 'a/../../outside/secret.txt'],
    ['an absolute path', () => '/etc/passwd'],
    ['an absolute path to a neighbour', () => path.join(outside, 'secret.txt')],
    ['.. after a root', () => `${sandbox.workspace}/../outside/secret.txt`],
    ['a root as prefix of another name', () => `${sandbox.workspace}-evil/x`],
    ['an absolute symlink', () => 'links/absolute/secret.txt'],
    ['a relative symlink', () => 'links/relative/secret.txt'],
    ['a symlink at the end', () => 'links/file'],
    ['a symlink to a symlink', () => 'links/chain/secret.txt'],
    ['proc', () => '/proc/self/root/etc/passwd'],
    ['.. behind a symlink', () => 'links/inside/../../../outside/secret.txt'],
  ];
  beforeAll(() => {
    mkdirSync(home('links'));
    mkdirSync(home('a'), { recursive: true });
    symlinkSync(outside, home('links/absolute'));
    symlinkSync('../../outside', home('links/relative'));
    symlinkSync(path.join(outside, 'secret.txt'), home('links/file'));
    symlinkSync('absolute', home('links/chain'));
    symlinkSync('../a', home('links/inside'));
    symlinkSync('loop', home('links/loop'));
  });

  for (const [name, attack] of attacks) {
    it(`by ${name}`, async () => {
      const target = attack();
      expect(await codeOf(call('files_read', { path: target }))).toBe('PATH_OUTSIDE');
      expect(await codeOf(call('files_write', { path: target, content: 'x' }))).toBe('PATH_OUTSIDE');
      const url = target
        .split('/')
        .map(encodeURIComponent)
        .join(target.startsWith('/') ? '%2F' : '/');
      for (const method of ['GET', 'PUT']) {
        const answer = await sandbox.send(method, `/v1/files/${url}`, { body: method === 'PUT' ? 'x' : undefined });
        expect([method, answer.status, answer.json]).toEqual([
          method,
          403,
          expect.objectContaining({ code: 'PATH_OUTSIDE' }),
        ]);
      }
      expect(readFileSync(path.join(outside, 'secret.txt'), 'utf8')).toBe('SECRET');
    });
  }

  it('by NUL, in a tool and in a URL, and a loop of symlinks ends', async () => {
    expect(await codeOf(call('files_read', { path: 'a\0/../../etc/passwd' }))).toBe('PATH_INVALID');
    expect((await sandbox.send('GET', '/v1/files/a%00b')).json).toMatchObject({ code: 'PATH_INVALID' });
    expect((await sandbox.send('GET', '/v1/files/%ff')).status).toBe(400);
    expect(await codeOf(call('files_read', { path: 'links/loop' }))).toBe('PATH_INVALID');
  });

  it('while symlinks that stay inside are followed', async () => {
    await call('files_write', { path: 'links/inside/through.txt', content: 'ok' });
    expect(readFileSync(home('a/through.txt'), 'utf8')).toBe('ok');
    symlinkSync(home('a/through.txt'), home('links/absolute-inside'));
    expect(await call('files_read', { path: 'links/absolute-inside' })).toMatchObject({
      path: home('a/through.txt'),
      text: 'ok',
    });
  });

  it('when folder and symlink are swapped as fast as possible while it is walked', async () => {
    mkdirSync(home('race/real'), { recursive: true });
    writeFileSync(home('race/real/secret.txt'), 'harmless');
    // One rename exchanges them atomically, so that the name always exists as one or the other.
    const swapper = spawn('python3', ['-c', SWAP, home('race/real'), outside, home('race/name')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => swapper.stdout.once('data', resolve));
    const seen = new Map<string, number>();
    try {
      const stopAt = Date.now() + 3000;
      for (let round = 0; round < 3000 && Date.now() < stopAt; round++) {
        const answers = await Promise.all([
          sandbox.send('GET', '/v1/files/race/name/secret.txt'),
          sandbox.send('PUT', '/v1/files/race/name/written.txt', { body: 'x' }),
          sandbox.send('DELETE', '/v1/files/race/name/written.txt'),
        ]);
        for (const answer of answers) {
          expect(answer.text).not.toContain('SECRET');
          const outcome = answer.status < 300 ? 'inside' : (answer.json as { code: string }).code;
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        }
      }
    } finally {
      swapper.kill('SIGKILL');
    }
    expect(readdirSync(outside)).toEqual(['secret.txt']);
    // Both faces of the name were met, or the race was none.
    expect(seen.get('inside')).toBeGreaterThan(10);
    expect(seen.get('PATH_OUTSIDE')).toBeGreaterThan(10);
    expect([...seen.keys()].filter((code) => code === 'INTERNAL')).toEqual([]);
  });

  const SWAP = `
import ctypes, os, sys
real, outside, name = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
link = name + '.link'
os.symlink(outside, link)
os.rename(real, name)
print('ready', flush=True)
while True:
    # RENAME_EXCHANGE
    libc.renameat2(-100, name.encode(), -100, link.encode(), 2)
`;
});
