import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import type { CommandState, CommandStatus } from '@sandpiper/protocol';
import { shellErrors } from './errors.ts';
import { OutputLog } from './output-log.ts';
import { sessionMembers, signalSession } from './process-session.ts';

export interface CommandRequest {
  id: string;
  command: string;
  cwd: string;
  env: Record<string, string>;
  keepStdinOpen: boolean;
  hardTimeoutMs: number | undefined;
  /** Folder for its output. */
  directory: string;
  /** Shell text that runs before, see `limitsPreamble`. */
  preamble: string;
}

/** Pipes may be held open by what a command left in the background; the command itself has ended for all that. */
const PIPE_GRACE_MS = 100;
const KILL_GRACE_MS = 2000;

/** One command, running or ended, as the leader of a session of its own. */
export class Command {
  readonly id: string;
  readonly stdout: OutputLog;
  readonly stderr: OutputLog;
  /** Resolves when the command has ended and its output is there; never rejects. */
  readonly ended: Promise<void>;
  readonly #request: CommandRequest;
  readonly #child: ChildProcess;
  readonly #pid: number;
  readonly #startedAt = new Date();
  readonly #startedMs = performance.now();
  #state: CommandState = 'running';
  #exit: { exitCode: number | null; signal: string | null; durationMs: number } | undefined;
  #wasKilled = false;
  #timedOut = false;
  #ending: Promise<void> | undefined;

  /** Resolves once the process exists. Throws COMMAND_NOT_STARTED. */
  static async start(request: CommandRequest): Promise<Command> {
    // One bash applies the limits and the person's own profile, and then becomes the shell of the command. It is no login shell:
    // /etc/profile would replace the PATH that the session and the call set.
    const script = `${request.preamble}; [ -r ~/.profile ] && . ~/.profile >/dev/null 2>&1; exec /bin/bash -c "$1"`;
    const child = spawn('/bin/bash', ['-c', script, 'bash', request.command], {
      cwd: request.cwd,
      env: request.env,
      detached: true,
      stdio: [request.keepStdinOpen ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    });
    if (child.pid === undefined) {
      const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
      throw shellErrors.COMMAND_NOT_STARTED({ why: cause.message }, { cause });
    }
    return new Command(request, child, child.pid);
  }

  private constructor(request: CommandRequest, child: ChildProcess, pid: number) {
    this.#request = request;
    this.#child = child;
    this.#pid = pid;
    this.id = request.id;
    this.stdout = new OutputLog(path.join(request.directory, `${request.id}.stdout`));
    this.stderr = new OutputLog(path.join(request.directory, `${request.id}.stderr`));
    // A command that ends while we write to it is not our failure.
    child.stdin?.on('error', () => undefined);
    const exited = new Promise<void>((resolve) => {
      child.once('exit', (exitCode, signal) => {
        this.#exit = { exitCode, signal, durationMs: performance.now() - this.#startedMs };
        resolve();
      });
    });
    this.ended = this.#finish(exited);
  }

  get state(): CommandState {
    return this.#state;
  }

  status(): CommandStatus {
    const { command, cwd } = this.#request;
    return {
      commandId: this.id,
      command,
      cwd,
      state: this.#state,
      exitCode: this.#exit?.exitCode ?? null,
      signal: this.#exit?.signal ?? null,
      durationMs: Math.round((this.#exit?.durationMs ?? performance.now() - this.#startedMs) * 10) / 10,
      startedAt: this.#startedAt.toISOString(),
      stdoutBytes: this.stdout.totalBytes,
      stderrBytes: this.stderr.totalBytes,
      timedOut: this.#timedOut,
    };
  }

  /** Sends text to standard input, and resolves when the command can take more. Throws STDIN_CLOSED. */
  async write(text: string, end: boolean): Promise<void> {
    const { stdin } = this.#child;
    if (!stdin?.writable) throw shellErrors.STDIN_CLOSED({ commandId: this.id });
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error | null): void => {
        if (error) reject(shellErrors.STDIN_CLOSED({ commandId: this.id }, { cause: error }));
        else resolve();
      };
      if (end) stdin.end(text, () => done());
      else stdin.write(text, done);
      // A pipe that is never read would hold the caller for ever once it is full.
      void this.ended.then(() => done());
    });
  }

  /** Sends a signal to all of it, and with SIGTERM makes sure, two seconds later, that nothing of it is left. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    if (this.#state !== 'running') return;
    if (signal === 'SIGTERM' || signal === 'SIGKILL') {
      this.#wasKilled = true;
      await this.#end(signal);
      return;
    }
    await signalSession(this.#pid, signal);
  }

  async remove(): Promise<void> {
    await Promise.all([this.stdout.remove(), this.stderr.remove()]);
  }

  #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (signal === 'SIGKILL') return signalSession(this.#pid, 'SIGKILL').then(() => this.ended);
    this.#ending ??= this.#terminate();
    return this.#ending;
  }

  async #terminate(): Promise<void> {
    await signalSession(this.#pid, 'SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const graceIsOver = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, KILL_GRACE_MS);
    });
    await Promise.race([this.ended, graceIsOver]);
    // The leader may have gone and left children that ignore SIGTERM: they get what is left of the grace.
    if ((await sessionMembers(this.#pid)).length > 0) {
      await graceIsOver;
      await signalSession(this.#pid, 'SIGKILL');
    }
    clearTimeout(timer);
    await this.ended;
  }

  async #finish(exited: Promise<void>): Promise<void> {
    const { hardTimeoutMs } = this.#request;
    const timer =
      hardTimeoutMs === undefined
        ? undefined
        : setTimeout(() => {
            this.#timedOut = true;
            this.#wasKilled = true;
            void this.#end('SIGTERM');
          }, hardTimeoutMs);
    const { stdout, stderr } = this.#child;
    const drained = Promise.all([
      stdout ? this.stdout.drain(stdout) : undefined,
      stderr ? this.stderr.drain(stderr) : undefined,
    ]);
    await exited;
    clearTimeout(timer);
    await Promise.race([drained, afterMs(PIPE_GRACE_MS)]);
    this.#state = this.#wasKilled ? 'killed' : 'exited';
  }
}

function afterMs(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
