import type { WebSocket } from 'ws';

/** A connection into the sandbox that waits for its viewer. Exactly one of the two is called, once. */
export interface PreparedSocket {
  accept(viewer: WebSocket): void;
  abandon(): void;
}
