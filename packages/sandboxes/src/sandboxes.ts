import type { Sandbox } from '@sandpiper/api';
import type { SandboxPhase } from './phase.ts';

/**
 * How the gateway gets a computer for a session, whatever runs it. On one host sandbox-manager implements it; on
 * Kubernetes custom resources do.
 *
 * All methods reject with a `SandboxError`; its codes are in `errors.ts`.
 */
export interface Sandboxes {
  /**
   * Returns the sandbox of a session, and creates it when there is none. Idempotent and single flight: two callers at
   * once get the same one. Does not wait until it is ready and does not wake one that is suspended.
   */
  ensure(request: EnsureRequest): Promise<Sandbox>;

  get(sessionId: string): Promise<Sandbox | undefined>;

  /**
   * Asks for a running sandbox, also of one that is suspended, and resolves when what is needed answers. Resolves in the
   * same turn of the event loop when it is ready, without a write.
   *
   * Rejects with `SANDBOX_NOT_FOUND`, `SANDBOX_FAILED` (gave up restarting; only `wake` tries again), `SANDBOX_FINISHED`,
   * `SANDBOX_SUSPENDED` (a person suspended it meanwhile), `SANDBOX_DELETING` (or deleted meanwhile), `SANDBOXES_CLOSED` or,
   * when `signal` fires, `SANDBOX_ABORTED`. When time is up, with the cause where one is told: `SANDBOX_CAPACITY`
   * (there is no room), `SANDBOX_FAILED` (its image or its pod cannot be had), `SANDBOXES_UNAVAILABLE` (whoever knows does
   * not answer), else `SANDBOX_TIMEOUT`; it goes on starting, ask again.
   *
   * A sandbox may begin to suspend after this resolved: tool-api then refuses the call with `SUSPENDING`. Connect again.
   */
  connect(sessionId: string, options: ConnectOptions): Promise<Endpoint>;

  /** The person's wish to stop it: work in progress is ended. Resolves when the wish is stored. */
  suspend(sessionId: string): Promise<void>;

  /** The person's wish to have it, also after it gave up restarting. Resolves when the wish is stored. */
  wake(sessionId: string): Promise<void>;

  /** Ends it and deletes its workspace. Resolves when the wish is stored; `watch` reports `undefined` when it is gone. */
  delete(sessionId: string): Promise<void>;

  /** Reports every change of any sandbox, or of one session's, in order; returns the way to stop. */
  watch(listener: (change: SandboxChange) => void, sessionId?: string): () => void;

  /** Ends watches and waiting calls; sandboxes go on. */
  close(): Promise<void>;
}

export interface EnsureRequest {
  sessionId: string;
  /** Id of the account the session belongs to. */
  owner: string;
  /** Name of a SandboxTemplate; `default` when left out. */
  template?: string;
  /** Pixels of the desktop when it first starts. */
  display?: { width: number; height: number };
}

export interface ConnectOptions {
  /** `tools` is there sooner: shell and files work before the desktop does. */
  need: 'tools' | 'desktop';
  timeoutMs: number;
  signal?: AbortSignal;
  /** Called with each phase that is really passed, the present one first, while this call waits. */
  onPhase?: (phase: SandboxPhase) => void;
}

/** Where one instance answers. It lasts until the instance is replaced: connect again rather than keep it. */
export interface Endpoint {
  /** tool-api: `unix:/…` or `http://…`. */
  address: string;
  /** Identity of the instance: tokens for it have the audience `sandbox:<uid>`. */
  uid: string;
}

export interface SandboxChange {
  sessionId: string;
  /** `undefined` once it is gone. */
  sandbox: Sandbox | undefined;
}
