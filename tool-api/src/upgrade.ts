import type { IncomingMessage } from 'node:http';
import type { Claims, Scope } from '@sandpiper/capability';
import type { WebSocket } from 'ws';

/** An authenticated request for a WebSocket, before it is answered. */
export interface UpgradeContext {
  readonly request: IncomingMessage;
  /** The request's URL; only path and query mean anything. */
  readonly url: URL;
  /** Who asks; `claims.scopes` tells a viewer (`view`) from one who may take control (`control`). */
  readonly claims: Claims;
}

/** A WebSocket endpoint of one group, such as `/v1/vnc`. */
export interface UpgradeRoute {
  readonly path: string;
  /** The token needs one of these. */
  readonly scopes: readonly Scope[];
  /**
   * Gets ready for one connection (checks the query, connects to the backend). A CodedError thrown here is answered as plain HTTP
   * and the WebSocket never opens; else the returned function takes the open socket, with no message lost before it.
   * The group closes its sockets in its own close().
   */
  prepare(context: UpgradeContext): Promise<(socket: WebSocket) => void>;
}
