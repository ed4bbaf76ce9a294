import type { ChildProcess } from 'node:child_process';

/** What init tells about one component, under the names the status message uses. */
export interface ComponentStatus {
  state: 'off' | 'starting' | 'running' | 'restarting' | 'stopped';
  /** How often it was started again after it exited by itself. */
  restarts: number;
  /** Epoch ms. */
  startedAt?: number;
  /** Epoch ms; since when it answers. */
  readyAt?: number;
  lastExit?: { code: number | null; signal: string | null; at: number; output: string };
}

export interface ComponentOptions {
  /** Starts the process. Its standard error is read here, so it must be a pipe. */
  start: () => ChildProcess;
  /** Resolves as soon as the process answers; aborted when it exits before. Errors count as “not ready”. */
  whenReady: (child: ChildProcess, signal: AbortSignal) => Promise<void>;
  onReady?: () => void;
  onExit?: () => void;
  onChange: () => void;
  /** First wait before a restart; doubles up to `maxBackoffMs`, and is forgotten after `stableMs` of running. */
  backoffMs?: number;
  maxBackoffMs?: number;
  stableMs?: number;
}

const KEPT_OUTPUT = 4096;

/** One supervised process: started, watched, started again when it exits, stopped on request. */
export class Component {
  readonly status: ComponentStatus = { state: 'off', restarts: 0 };
  readonly #options: ComponentOptions;
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wanted = false;
  #backoffMs: number;

  constructor(options: ComponentOptions) {
    this.#options = options;
    this.#backoffMs = options.backoffMs ?? 100;
  }

  /** Starts the process, unless it runs already. */
  start(): void {
    this.#wanted = true;
    if (this.#child === undefined && this.#timer === undefined) this.#launch();
  }

  /** Ends the process and keeps it ended; kills it when it has not exited after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.status.state = this.status.state === 'off' ? 'off' : 'stopped';
    const child = this.#child;
    if (child === undefined) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await exited;
    clearTimeout(timer);
  }

  #launch(): void {
    const child = this.#options.start();
    this.#child = child;
    this.status.state = 'starting';
    this.status.startedAt = Date.now();
    delete this.status.readyAt;

    let output = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-KEPT_OUTPUT);
    });
    const exit = new AbortController();
    let ended = false;
    const onEnd = (code: number | null, signal: string | null): void => {
      if (ended) return;
      ended = true;
      exit.abort();
      this.status.lastExit = { code, signal, at: Date.now(), output: output.trim() };
      this.#ended(child);
    };
    child.once('error', (error) => {
      output += error.message;
      onEnd(null, null);
    });
    // Not `close`: a grandchild may hold the pipe open long after the process itself is gone.
    child.once('exit', onEnd);

    this.#options.whenReady(child, exit.signal).then(
      () => {
        if (ended) return;
        this.status.state = 'running';
        this.status.readyAt = Date.now();
        this.#options.onReady?.();
        this.#options.onChange();
      },
      () => undefined, // It exited first, which is handled there.
    );
  }

  #ended(child: ChildProcess): void {
    const livedMs = Date.now() - (this.status.startedAt ?? 0);
    child.stderr?.destroy();
    this.#child = undefined;
    delete this.status.readyAt;
    this.#options.onExit?.();
    if (!this.#wanted) {
      this.status.state = 'stopped';
      this.#options.onChange();
      return;
    }
    const { backoffMs = 100, maxBackoffMs = 10_000, stableMs = 30_000 } = this.#options;
    if (livedMs >= stableMs) this.#backoffMs = backoffMs;
    this.status.state = 'restarting';
    this.status.restarts += 1;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#launch();
    }, this.#backoffMs);
    this.#backoffMs = Math.min(this.#backoffMs * 2, maxBackoffMs);
    this.#options.onChange();
  }
}
