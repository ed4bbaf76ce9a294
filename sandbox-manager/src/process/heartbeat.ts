import { connect, type Socket } from 'node:net';

/** What init says about one component. Comes from inside the sandbox: shape and size are checked, the content is only shown. */
export interface ComponentState {
  state: string;
  restarts: number;
  lastExit?: string;
}
export type ComponentStates = Record<string, ComponentState>;

export interface HeartbeatOptions {
  path: string;
  intervalMs: number;
  onStatus: (components: ComponentStates) => void;
}

const RETRY_MS = 25;
const LARGEST_STATUS = 64 * 1024;

/** The manager's end of init's socket: a held connection that carries heartbeats out and component states in. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #socket: Socket | undefined;
  #connected = false;
  #retry: NodeJS.Timeout | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /** Connects, or does nothing when connected; call it again when the socket may have appeared. */
  connect(): void {
    if (this.#socket) return;
    const socket = connect(this.#options.path);
    this.#socket = socket;
    // A manager that leaves must be able to exit.
    socket.unref();
    let pending = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      this.#connected = true;
      this.#send({ type: 'heartbeat' });
      this.#send({ type: 'status' });
    });
    socket.on('data', (text: string) => {
      const lines = (pending + text).split('\n');
      pending = lines.pop() ?? '';
      if (pending.length > LARGEST_STATUS) socket.destroy();
      for (const line of lines) {
        const states = readStates(line);
        if (states) this.#options.onStatus(states);
      }
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#connected = false;
      // A socket has its name a moment before it takes connections.
      if (this.#timer) this.#retry = setTimeout(() => this.connect(), RETRY_MS).unref();
    });
    this.#timer ??= setInterval(() => {
      this.connect();
      this.#send({ type: 'heartbeat' });
    }, this.#options.intervalMs).unref();
  }

  /** Asks init to end everything; true when there was somebody to ask. */
  stop(graceMs: number): boolean {
    return this.#send({ type: 'stop', graceMs });
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    clearTimeout(this.#retry);
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#connected = false;
  }

  #send(message: object): boolean {
    if (!this.#connected || this.#socket?.writable !== true) return false;
    return this.#socket.write(`${JSON.stringify(message)}\n`) || true;
  }
}

function readStates(line: string): ComponentStates | undefined {
  try {
    const { components } = JSON.parse(line) as { components?: Record<string, Record<string, unknown>> };
    return Object.fromEntries(
      Object.entries(components ?? {})
        .slice(0, 16)
        .map(([name, seen]) => {
          const exit = seen['lastExit'] as { code?: unknown; signal?: unknown; output?: unknown } | undefined;
          const lastExit = exit && `${String(exit.signal ?? exit.code)}: ${String(exit.output).slice(-1000)}`;
          return [
            name.slice(0, 64),
            {
              state: String(seen['state']).slice(0, 32),
              restarts: Number(seen['restarts']) || 0,
              ...(lastExit === undefined ? {} : { lastExit }),
            },
          ];
        }),
    );
  } catch {
    return undefined;
  }
}
