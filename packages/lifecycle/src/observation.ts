import type { Sandbox, SandboxTemplate } from '@sandpiper/api';

/** Everything that a decision may depend on. A driver gathers it; nothing else comes in. */
export interface Observation {
  /** The moment of observing, epoch ms. */
  now: number;
  sandbox: Sandbox;
  /** The template it names, if there is one. */
  template: SandboxTemplate | undefined;
  /** Instances that the sandbox owns, and any other under the name that its own would have. */
  instances: ObservedInstance[];
  /** The workspace under the expected name, the recorded one, and those that its instances use. */
  workspaces: ObservedWorkspace[];
  /** Ready instances of a pool of the same template that nobody owns yet. */
  candidates: WarmCandidate[];
  /** The last answer to a request to suspend, whatever instance it came from. */
  suspendAnswer?: SuspendAnswer;
  /** The last attempt to make an instance that came to nothing. */
  createFailure?: { reason: string; message: string; at: number };
  /** The host is about to end all instances: they are suspended rather than lost. */
  hostStopping?: boolean;
}

export interface ObservedInstance {
  /** Identity: the audience of tokens. */
  uid: string;
  /** Owner reference; undefined for an instance that nobody owns. */
  ownerUid: string | undefined;
  workspace: string | undefined;
  /** Undefined until it has one. */
  address: string | undefined;
  pod?: string;
  node?: string;
  /** `Failed` has ended and will not restart in place. */
  state: 'Pending' | 'Running' | 'Failed';
  /** It is being deleted. */
  terminating: boolean;
  /** Whether it came from a pool. */
  warm: boolean;
  createdAt: number;
  /** Undefined where nothing schedules. */
  scheduled?: boolean;
  toolsReady: boolean;
  desktop: 'ready' | 'starting' | 'off';
  /** Restarts in place. */
  restarts: number;
  /** The last exit, of a failed instance or before a restart in place. */
  lastExit?: { reason: string; message: string; exitCode?: number; at: number };
  /** Whether Chromium has its own sandbox; undefined while unknown. */
  browserSandbox?: boolean;
  templateHash?: string;
}

export interface ObservedWorkspace {
  name: string;
  /** Owner reference: a sandbox, a warm instance, or nobody when it is retained. */
  ownerUid: string | undefined;
  terminating: boolean;
}

export interface WarmCandidate {
  uid: string;
  createdAt: number;
}

/** What tool-api said to `POST /v1/suspend`. */
export interface SuspendAnswer {
  instanceUid: string;
  /** Generation of the sandbox when it was asked: any change of the wish since then voids an agreement. */
  generation: number;
  /** True when tool-api has closed itself to new work. */
  agreed: boolean;
  idleForMs: number;
  /** When the answer came, by the clock of the observer. */
  at: number;
}
