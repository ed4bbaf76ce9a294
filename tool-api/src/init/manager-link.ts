import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

export interface ManagerLinkOptions {
  path: string;
  /** How long the sandbox outlives its manager. */
  heartbeatLossMs: number;
  status: () => object;
  onStop: (graceMs: number) => void;
  onLoss: () => void;
}

export interface ManagerLink {
  /** Sends the status to every manager that listens; they need not ask. */
  announce(): void;
  close(): void;
}

const LONGEST_LINE = 4096;

/**
 * Listens on init's socket for the manager: newline-delimited JSON, `heartbeat`, `status` and `stop`.
 *
 * A heartbeat proves nothing about who sent it: code in the sandbox can forge one and outlive a manager that died. What it
 * gains is time without a manager, until the next one starts and ends what it finds by the lease.
 */
export function listenForManager(options: ManagerLinkOptions): ManagerLink {
  const connections = new Set<Socket>();
  let loss = setTimeout(options.onLoss, options.heartbeatLossMs);

  const handle = (socket: Socket, line: string): void => {
    const message = parse(line);
    switch (message?.type) {
      case 'heartbeat':
        clearTimeout(loss);
        loss = setTimeout(options.onLoss, options.heartbeatLossMs);
        break;
      case 'status':
        send(socket, { type: 'status', ...options.status() });
        break;
      case 'stop':
        options.onStop(typeof message.graceMs === 'number' && message.graceMs >= 0 ? message.graceMs : 0);
        break;
      default:
        socket.destroy();
    }
  };

  const server = createServer((socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    socket.on('error', () => socket.destroy());
    let pending = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (pending + text).split('\n');
      pending = lines.pop() ?? '';
      if (pending.length > LONGEST_LINE) socket.destroy();
      for (const line of lines) handle(socket, line);
    });
  });
  rmSync(options.path, { force: true });
  server.listen(options.path);

  return {
    announce: () => connections.forEach((socket) => send(socket, { type: 'status', ...options.status() })),
    close: () => {
      clearTimeout(loss);
      connections.forEach((socket) => socket.destroy());
      server.close();
    },
  };
}

function parse(line: string): { type?: unknown; graceMs?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function send(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
