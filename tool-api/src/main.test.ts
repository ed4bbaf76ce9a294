import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createSigner, generateKeyPair } from '@sandpiper/capability';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const run = promisify(execFile);
const directory = mkdtempSync(path.join(tmpdir(), 'main-'));
const gateway = generateKeyPair();
const token = createSigner({ ...gateway, issuer: 'gateway' }).sign({ uid: 'u', scopes: ['tools'] });
const socketPath = path.join(directory, 'tool.sock');

beforeAll(() => {
  mkdirSync(path.join(directory, 'keys'));
  mkdirSync(path.join(directory, 'home'));
  writeFileSync(path.join(directory, 'keys', `gateway.${gateway.kid}.pem`), gateway.publicKeyPem);
});
afterAll(() => rmSync(directory, { recursive: true }));

function start(listen = `unix:${socketPath}`): ChildProcess {
  return spawn(process.execPath, [main], {
    env: {
      SANDPIPER_UID: 'u',
      SANDPIPER_LISTEN: listen,
      SANDPIPER_RUN_DIR: directory,
      SANDPIPER_KEYS_DIR: path.join(directory, 'keys'),
      SANDPIPER_WORKSPACE: path.join(directory, 'home'),
      SANDPIPER_SCRATCH: directory,
      SANDPIPER_DESKTOP: 'false',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function shell(command: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      {
        socketPath,
        method: 'POST',
        path: '/v1/tools/shell_run',
        agent: false,
        headers: { authorization: `Bearer ${token}` },
      },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode, body }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(JSON.stringify({ command, timeoutMs: 20_000 }));
  });
}

describe('the process', () => {
  it('explains itself, and which variable is wrong', async () => {
    expect((await run(process.execPath, [main, '--help'])).stdout).toContain('SANDPIPER_LISTEN');
    expect((await run(process.execPath, [main, '--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const failed = run(process.execPath, [main], { env: { SANDPIPER_UID: 'u', SANDPIPER_LISTEN: 'somewhere' } });
    await expect(failed).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^tool-api: SANDPIPER_LISTEN: must be .*\n$/) as string,
    });
  });

  it('lets a call in flight end on SIGTERM, and is gone then', async () => {
    const child = start();
    try {
      await once(child.stdout!, 'data');
      const inFlight = shell('echo begun > inflight; sleep 0.5; echo done');
      await vi.waitFor(() => expect(readFileSync(path.join(directory, 'home/inflight'), 'utf8')).toBe('begun\n'));
      child.kill('SIGTERM');
      const { status, body } = await inFlight;
      expect([status, JSON.parse(body)]).toEqual([
        200,
        expect.objectContaining({ exitCode: 0, stdout: expect.objectContaining({ text: 'done\n' }) as object }),
      ]);
      const [code] = (await once(child, 'exit')) as [number];
      expect(code).toBe(0);
      await expect(shell('true')).rejects.toThrow();
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('takes over the socket file of a predecessor that was killed', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      const child = start();
      await once(child.stdout!, 'data');
      expect((await shell('true')).status).toBe(200);
      child.kill(signal);
      await once(child, 'exit');
    }
  });

  it('listens on TCP where it is told to', async () => {
    const child = start('tcp:127.0.0.1:0');
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const { address } = JSON.parse(line.toString()) as { address: string };
    expect(await (await fetch(`${address}/healthz`)).json()).toEqual({ status: 'ok' });
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
});
