import { existsSync, readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import type { CommandStatus, CommandStreamEvent, shellOutput, shellRun, ToolOutput } from '@sandpiper/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../testing/sandbox.ts';

type RunOutput = ToolOutput<typeof shellRun>;
type ReadOutput = ToolOutput<typeof shellOutput>;

let sandbox: TestSandbox;
beforeAll(async () => {
  sandbox = await startTestSandbox({ TZ: 'Pacific/Auckland', SANDPIPER_SECRET: 'no' });
});
afterAll(() => sandbox.close());

const run = (command: string, more: object = {}): Promise<RunOutput> => sandbox.call('shell_run', { command, ...more });
const isAlive = (pid: number): boolean => {
  try {
    // A zombie waits only to be reaped by its parent, which is not us: it runs no more.
    return !readFileSync(`/proc/${pid.toString()}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};
const pidIn = (file: string): number => Number(readFileSync(path.join(sandbox.workspace, file), 'utf8'));
const until = (check: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(check()).toBe(true), { timeout: 10_000 });

describe('shell_run', () => {
  it('keeps stdout, stderr and the exit code apart', async () => {
    const { stdout, stderr, exitCode, state, signal } = await run('echo out; echo err >&2; exit 3');
    expect([stdout.text, stderr.text, exitCode, state, signal]).toEqual(['out\n', 'err\n', 3, 'exited', null]);
  });

  it('runs in the workspace, or where it is told, with the variables it is given', async () => {
    expect((await run('pwd')).stdout.text.trim()).toBe(sandbox.workspace);
    expect((await run('mkdir -p sub && cd sub && pwd')).exitCode).toBe(0);
    expect((await run('pwd; echo $A', { cwd: 'sub', env: { A: 'x y' } })).stdout.text).toBe(
      `${sandbox.workspace}/sub\nx y\n`,
    );
    await expect(run('true', { cwd: 'missing' })).rejects.toThrow('CWD_NOT_FOUND');
  });

  it('gives commands the environment of a login, and nothing of its own', async () => {
    const env = Object.fromEntries(
      (await run('env -0')).stdout.text.split('\0').map((line) => line.split(/=(.*)/s) as [string, string]),
    );
    expect(env).toMatchObject({ HOME: sandbox.workspace, USER: 'agent', SHELL: '/bin/bash', TZ: 'Pacific/Auckland' });
    expect(env['PATH']).toContain(`${sandbox.workspace}/.local/bin`);
    expect(Object.keys(env).filter((name) => name.startsWith('SANDPIPER_'))).toEqual([]);
  });

  it('does not let a command wait for input that nobody sends', async () => {
    expect((await run('cat; echo done')).stdout.text).toBe('done\n');
  });

  it('returns at the soft timeout and leaves the command running', async () => {
    const first = await run('echo begun; read -r line; echo "got $line"', { timeoutMs: 300, keepStdinOpen: true });
    expect([first.state, first.exitCode, first.stdout.text]).toEqual(['running', null, 'begun\n']);
    await sandbox.call('shell_write', { commandId: first.commandId, text: 'Grüße\n', end: true });
    const { text, status }: ReadOutput = await sandbox.call('shell_output', {
      commandId: first.commandId,
      offset: 6,
      waitMs: 5000,
    });
    expect(text).toBe('got Grüße\n');
    expect(status.commandId).toBe(first.commandId);
    await expect(sandbox.call('shell_write', { commandId: first.commandId, text: 'x' })).rejects.toThrow(
      'STDIN_CLOSED',
    );
  });

  it('ends the whole process group at the hard timeout, children that ignore SIGTERM included', async () => {
    const started = Date.now();
    const { state, timedOut } = await run(
      `(trap '' TERM; echo $BASHPID > deaf.pid; sleep 60) & set -m; sleep 60 & echo $! > job.pid; wait`,
      {
        hardTimeoutMs: 200,
        timeoutMs: 10_000,
      },
    );
    expect([state, timedOut]).toEqual(['killed', true]);
    await until(() => !isAlive(pidIn('deaf.pid')) && !isAlive(pidIn('job.pid')));
    expect(Date.now() - started).toBeLessThan(8000);
  });

  it('ends the command when the caller hangs up: that is how Stop works', async () => {
    const stop = new AbortController();
    const call = run('echo $$ > stopped.pid; sleep 60 & echo $! > child.pid; wait', { timeoutMs: 60_000 }).catch(
      (error: unknown) => error,
    );
    const aborted = sandbox
      .call(
        'shell_run',
        { command: 'echo $$ > mine.pid; sleep 61 & echo $! > mine-child.pid; wait', timeoutMs: 60_000 },
        { signal: stop.signal },
      )
      .catch((error: unknown) => (error as Error).name);
    await until(() => existsSync(path.join(sandbox.workspace, 'mine-child.pid')) && pidIn('mine-child.pid') > 0);
    await until(() => existsSync(path.join(sandbox.workspace, 'child.pid')) && pidIn('child.pid') > 0);
    stop.abort();
    expect(await aborted).toBe('AbortError');
    await until(() => !isAlive(pidIn('mine.pid')) && !isAlive(pidIn('mine-child.pid')));
    expect(isAlive(pidIn('stopped.pid'))).toBe(true);
    const { commands } = (await sandbox.call('shell_list', { state: 'running' })) as { commands: CommandStatus[] };
    const other = commands.find(({ command }) => command.includes('stopped.pid'));
    const killed = (await sandbox.call('shell_kill', { commandId: other?.commandId })) as CommandStatus;
    expect([killed.state, killed.signal]).toEqual(['killed', 'SIGTERM']);
    expect(await call).toMatchObject({ state: 'killed' });
    expect(isAlive(pidIn('child.pid'))).toBe(false);
  });

  it('does not wait for what a command left in the background, even if that holds its output open', async () => {
    const { state, durationMs } = await run('sleep 5 & echo $! > left.pid');
    expect(state).toBe('exited');
    expect(durationMs).toBeLessThan(3000);
    process.kill(pidIn('left.pid'));
  });

  it('lets commands be killed by the kernel before the desktop', async () => {
    expect((await run('cat /proc/self/oom_score_adj')).stdout.text).toBe('500\n');
    expect((await run('ulimit -d')).stdout.text).toMatch(/^\d+\n$/);
  });
});

describe('output', () => {
  it('of a 300 MB line stays bounded in the answer, in memory and on disk, and its end can be read', async () => {
    const before = process.memoryUsage().rss;
    const { stdout, commandId, exitCode } = await run('head -c 300000000 /dev/zero | tr "\\0" x; printf END', {
      timeoutMs: 60_000,
    });
    expect([exitCode, stdout.totalBytes, stdout.truncated]).toEqual([0, 300_000_003, true]);
    expect(stdout.text.length).toBeLessThan(34_000);
    expect(stdout.text).toMatch(/^x+\n… 299967235 bytes left out; .*\nx+END$/);
    // Well below what went through; the rest is what the garbage collector has not got to yet.
    expect(process.memoryUsage().rss - before).toBeLessThan(180_000_000);
    const folder = path.join(sandbox.runDir, 'state/commands');
    expect(readdirSync(folder).filter((name) => name.startsWith(`${commandId}.`)).length).toBeLessThanOrEqual(3);

    // The middle is gone; a reader is told where what it gets begins.
    const gap: ReadOutput = await sandbox.call('shell_output', { commandId, offset: 150_000_000 });
    expect(gap.offset).toBeGreaterThan(290_000_000);
    const end: ReadOutput = await sandbox.call('shell_output', { commandId, offset: 299_999_990 });
    expect([end.offset, end.text, end.nextOffset]).toEqual([299_999_990, 'xxxxxxxxxxEND', 300_000_003]);
    const beyond: ReadOutput = await sandbox.call('shell_output', { commandId, offset: 400_000_000 });
    expect([beyond.text, beyond.offset]).toEqual(['', 300_000_003]);
  }, 60_000);

  it('that is binary or broken UTF-8 comes as valid text, with whole sequences kept whole', async () => {
    const { stdout } = await run(`printf 'a\\000b\\377\\xe2\\x82 c\\x1b[0m'`);
    expect(stdout.text).toBe('a\0b\ufffd\ufffd c\x1b[0m');

    const { commandId } = await run(`for i in $(seq 2000); do printf '€'; done`);
    let text = '';
    let offset = 0;
    for (let reads = 0; offset < 6000 && reads < 1000; reads++) {
      const piece: ReadOutput = await sandbox.call('shell_output', { commandId, offset, maxBytes: 16 });
      text += piece.text;
      offset = piece.nextOffset;
    }
    expect(text).toBe('€'.repeat(2000));
  });

  it('streams from an offset, live, and ends with the exit', async () => {
    const { commandId } = await run('printf "one "; read -r; printf "two €"; read -r; exit 7', {
      timeoutMs: 0,
      keepStdinOpen: true,
    });
    const events = follow(commandId, 2);
    expect((await events.next()).value).toEqual({ type: 'output', offset: 2, nextOffset: 4, text: 'e ' });
    await sandbox.call('shell_write', { commandId, text: '\n' });
    expect((await events.next()).value).toEqual({ type: 'output', offset: 4, nextOffset: 11, text: 'two €' });
    await sandbox.call('shell_write', { commandId, text: '\n' });
    expect((await events.next()).value).toMatchObject({ type: 'exit', status: { exitCode: 7 } });
    expect((await events.next()).done).toBe(true);
    expect((await sandbox.send('GET', '/v1/commands/c999/stream')).json).toMatchObject({ code: 'COMMAND_NOT_FOUND' });
  });

  async function* follow(commandId: string, offset: number): AsyncGenerator<CommandStreamEvent> {
    const request = http.get({
      socketPath: sandbox.socketPath,
      path: `/v1/commands/${commandId}/stream?offset=${offset.toString()}`,
      headers: { authorization: `Bearer ${sandbox.token(['tools'])}` },
    });
    const response = await new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve));
    let buffered = '';
    for await (const chunk of response) {
      buffered += String(chunk);
      for (let end = buffered.indexOf('\n\n'); end >= 0; end = buffered.indexOf('\n\n')) {
        const data = buffered
          .slice(0, end)
          .split('\n')
          .find((line) => line.startsWith('data: '));
        buffered = buffered.slice(end + 2);
        if (data) yield JSON.parse(data.slice('data: '.length)) as CommandStreamEvent;
      }
    }
  }
});
