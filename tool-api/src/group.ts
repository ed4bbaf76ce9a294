import type { Scope } from '@sandpiper/capability';
import type { RequestHandler } from 'express';
import type { Component } from './component.ts';
import type { Tool } from './tool.ts';
import type { UpgradeRoute } from './upgrade.ts';

/** A plain HTTP route of a group. There is none without a scope: what is not named here needs no way in. */
export interface Route {
  readonly method: 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete';
  /** In express 5 syntax: `/v1/commands/:id/stream`, `/v1/files/{*path}`. */
  readonly path: string;
  /** The token needs one of these. */
  readonly scopes: readonly Scope[];
  /** One line for the OpenAPI document. */
  readonly summary: string;
  /**
   * False for a stream that a viewer may hold open for hours: it does not keep the sandbox awake, nor is it refused while the
   * sandbox closes. Default true.
   */
  readonly isWork?: boolean;
  /** May be async: express 5 hands a rejection to the error envelope. Bodies are not parsed; see `readJson`. */
  readonly handler: RequestHandler;
}

/** What one concept of the sandbox (shell, files, browser, desktop, …) brings along; `app.ts` puts the groups together. */
export interface Group {
  readonly tools?: readonly Tool[];
  readonly routes?: readonly Route[];
  readonly upgrades?: readonly UpgradeRoute[];
  readonly components?: readonly Component[];
  /** Ends processes, sockets and timers of the group. */
  close?(): Promise<void>;
}
