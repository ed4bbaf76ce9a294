import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Claims, Scope } from '@sandpiper/capability';
import type { WebSocket } from 'ws';

/** An authenticated request for another protocol, before it is answered. */
export interface UpgradeContext {
  readonly request: IncomingMessage;
  /** The request's URL; only path and query mean anything. */
  readonly url: URL;
  /** Who asks; `claims.scopes` tells a viewer (`view`) from one who may take control (`control`). */
  readonly claims: Claims;
}

/** An endpoint of one group that a connection is upgraded at, such as `/v1/pty`. */
export type UpgradeRoute = WebSocketRoute | StreamRoute;

interface Endpoint<Connection> {
  readonly path: string;
  /** The token needs one of these. */
  readonly scopes: readonly Scope[];
  /**
   * Gets ready for one connection (checks the query, connects to the backend). A CodedError thrown here is answered as plain HTTP
   * and nothing opens; else the returned function takes the open connection, with nothing lost before it.
   * The group closes its connections in its own close().
   */
  prepare(context: UpgradeContext): Promise<(connection: Connection) => void>;
}

/** `Upgrade: websocket`. */
export interface WebSocketRoute extends Endpoint<WebSocket> {
  readonly protocol?: never;
}

/**
 * `Upgrade: rfb`: bytes as they are, for what needs no frames of its own. The taker may be handed a socket whose peer has already
 * gone, so that it can close what was prepared.
 */
export interface StreamRoute extends Endpoint<Socket> {
  readonly protocol: 'rfb';
}
