import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createInstanceClient, type InstanceClient } from '@sandpiper/instance';
import { filesWrite, shellRun, type CommandStreamEvent } from '@sandpiper/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { startTestSandbox, type TestSandbox } from './testing/sandbox.ts';

let sandbox: TestSandbox;
let client: InstanceClient;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  const signer = {
    issuer: 'gateway' as const,
    sign: ({ scopes }: { scopes: Parameters<TestSandbox['token']>[0] }) => sandbox.token(scopes),
  };
  client = createInstanceClient({ address: `unix:${sandbox.socketPath}`, uid: sandbox.uid, signer });
});
afterAll(async () => {
  await client.close();
  await sandbox.close();
});

describe('the client and the real tool-api', () => {
  it('call tools with typed input and output, and hand over refusals with their code', async () => {
    const { stdout, exitCode } = await client.callTool(shellRun, { command: 'echo hello' });
    expect([stdout.text, exitCode]).toEqual(['hello\n', 0]);
    expect(await client.callTool(filesWrite.name, { path: 'f', content: 'x' })).toMatchObject({ created: true });
    await expect(client.callTool('files_read', { path: '../x' })).rejects.toMatchObject({
      code: 'PATH_OUTSIDE',
      status: 403,
    });
    await expect(client.callTool('files_read', { path: 'f', x: 1 })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      extras: { issues: [{ path: 'x' }] },
    });
  });

  it('end a command when its call is aborted', async () => {
    const controller = new AbortController();
    const call = client.callTool(
      shellRun,
      { command: 'echo $$ > pid; sleep 60', timeoutMs: 60_000 },
      { signal: controller.signal },
    );
    const pidFile = path.join(sandbox.workspace, 'pid');
    await vi.waitFor(() => expect(readFileSync(pidFile, 'utf8')).toMatch(/^\d+\n$/));
    const pid = readFileSync(pidFile, 'utf8').trim();
    controller.abort();
    await expect(call).rejects.toThrow();
    await vi.waitFor(() => expect(() => readFileSync(`/proc/${pid}/stat`)).toThrow());
  });

  it('stream bytes both ways', async () => {
    const { created, entry, etag } = await client.writeFile('a b/ü?.txt', Readable.from(['one ', 'two']));
    expect([created, entry.path, entry.sizeBytes]).toEqual([true, 'a b/ü?.txt', 7]);
    const file = await client.readFile('a b/ü?.txt');
    expect([await text(file.body), file.sizeBytes, file.etag]).toEqual(['one two', 7, etag]);
    const range = await client.readFile('a b/ü?.txt', { range: 'bytes=4-' });
    expect([await text(range.body), range.status, range.contentRange]).toEqual(['two', 206, 'bytes 4-6/7']);
    expect((await client.readFile('a b/ü?.txt', { ifNoneMatch: etag })).status).toBe(304);
    await expect(client.writeFile('a b/ü?.txt', Readable.from(['x']), { ifMatch: '"other"' })).rejects.toMatchObject({
      code: 'FILE_CHANGED',
    });
    await expect(client.listFiles('a b/ü?.txt')).rejects.toMatchObject({ code: 'NOT_A_FOLDER' });
    await expect(client.readFile('a b')).rejects.toMatchObject({ code: 'NOT_A_FILE' });
    expect((await client.listFiles('a b')).entries.map(({ name }) => name)).toEqual(['ü?.txt']);
    expect(await client.fileOp('a b/ü?.txt', { op: 'move', to: 'c' })).toMatchObject({ path: 'c' });
    expect((await client.statFile('c')).sizeBytes).toBe(7);
    await client.deleteFile('c');
    await expect(client.statFile('c')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    (await client.archiveFiles('a b')).destroy();
  });

  it('follow a command from an offset to its exit', async () => {
    const { commandId } = await client.callTool(shellRun, {
      command: 'for i in 1 2 3; do echo $i; sleep 0.05; done',
      timeoutMs: 0,
    });
    const events: CommandStreamEvent[] = [];
    for await (const event of client.followCommand(commandId, { offset: 2 })) events.push(event);
    expect(events.map((event) => (event.type === 'output' ? event.text : event.status.exitCode)).join('')).toBe(
      '2\n3\n0',
    );
  });
});

describe('a terminal', () => {
  it('runs a login shell, carries bytes both ways, resizes, and says how it ended', async () => {
    const socket = await client.openSocket('/v1/pty?cols=91&rows=31', { scope: 'control' });
    const seen = listen(socket);
    socket.send(Buffer.from('stty size; printf "\\303\\274 %s\\n" "$TERM"\r'));
    await vi.waitFor(() => expect(seen.output).toMatch(/31 91\r\nü xterm-256color/));
    socket.send(JSON.stringify({ type: 'resize', cols: 100, rows: 40 }));
    socket.send(Buffer.from('stty size\r'));
    await vi.waitFor(() => expect(seen.output).toContain('40 100'));
    socket.send(Buffer.from('exit 3\r'));
    await vi.waitFor(() => expect(seen.text).toEqual([{ type: 'exit', exitCode: 3, signal: 0 }]));
    await vi.waitFor(() => expect(socket.readyState).toBe(socket.CLOSED));
  });

  it('makes a program wait whose output nobody takes, and loses none of it', async () => {
    const socket = await client.openSocket('/v1/pty', { scope: 'tools' });
    const sizeOf = (): number => Number(readFileSync(path.join(sandbox.workspace, 'progress'), 'utf8').trim() || 0);
    writeFileSync(path.join(sandbox.workspace, 'progress'), '');
    socket.send(
      Buffer.from(
        'stty -echo -onlcr; for i in $(seq 400); do head -c 100000 /dev/zero | tr "\\\\0" x; echo $i > progress; done; echo DO""NE\r',
      ),
    );
    // Paused on our side: after what the sockets hold, the program stands still.
    let before = -1;
    await vi.waitFor(
      () => {
        const now = sizeOf();
        const stands = now > 0 && now === before;
        before = now;
        expect(stands).toBe(true);
      },
      { timeout: 15_000, interval: 500 },
    );
    expect(before).toBeLessThan(300);
    let bytes = 0;
    const tail: { text: string } = { text: '' };
    socket.on('message', (data: Buffer) => {
      for (const byte of data) if (byte === 0x78) bytes++;
      tail.text = (tail.text + data.toString('latin1')).slice(-200);
    });
    socket.resume();
    await vi.waitFor(() => expect(tail.text).toContain('DONE'), { timeout: 15_000 });
    expect(bytes).toBeGreaterThanOrEqual(40_000_000);
    socket.close();
  }, 40_000);

  it('ends what runs in it when the person leaves', async () => {
    const socket = await client.openSocket('/v1/pty', { scope: 'control' });
    const seen = listen(socket);
    socket.send(Buffer.from('(trap "" HUP; sleep 77 & echo PID=$!=; wait)\r'));
    await vi.waitFor(() => expect(seen.output).toMatch(/PID=\d+=/));
    const pid = /PID=(\d+)=/.exec(seen.output)![1]!;
    socket.close();
    await vi.waitFor(() => expect(() => readFileSync(`/proc/${pid}/stat`)).toThrow(), { timeout: 8000 });
  }, 15_000);

  it('is refused in plain HTTP without the scope, or with a size that is none', async () => {
    await expect(client.openSocket('/v1/pty', { scope: 'files' })).rejects.toMatchObject({ code: 'INSTANCE_REFUSED' });
    await expect(client.openSocket('/v1/pty?cols=0', { scope: 'control' })).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
    });
    await expect(client.openSocket('/v1/nothing', { scope: 'control' })).rejects.toMatchObject({
      code: 'ROUTE_NOT_FOUND',
    });
  });

  function listen(socket: WebSocket): { output: string; text: unknown[] } {
    const seen = { output: '', text: [] as unknown[] };
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) seen.output += data.toString('utf8');
      else seen.text.push(JSON.parse(data.toString('utf8')));
    });
    socket.resume();
    return seen;
  }
});
