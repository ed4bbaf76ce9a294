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
  /** Whether the instances were listed at their source, not read from a cache that may lag behind it. */
  live?: boolean;
  /** The workspace under the expected name, the recorded one, and those that its instances use. */
  workspaces: ObservedWorkspace[];
  /** Ready instances of a pool of the same template that nobody owns yet. */
  candidates: WarmCandidate[];
  /** The last answer to a request to suspend, whatever instance it came from; a reopened one counts as having refused. */
  suspendAnswer?: SuspendAnswer;
  /** The last attempt to make an instance that came to nothing; gone as soon as one was made. */
  createFailure?: CreateFailure;
  /** How far the clock of the API server is ahead of `now`; undefined while unknown, or where there is but one clock. */
  clockSkewMs?: number;
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
  /** When it last began to run, where that is not when it was created. */
  runningSince?: number;
  /** Undefined where nothing schedules. */
  scheduled?: boolean;
  toolsReady: boolean;
  desktop: 'ready' | 'starting' | 'off';
  /** Restarts in place. */
  restarts: number;
  /** The last exit, of a failed instance or before a restart in place. */
  lastExit?: InstanceExit;
  /** Why it is `Pending` and does not get on: a word for programs (`reasons`), and the scheduler's or kubelet's own words. */
  trouble?: { reason: string; message: string };
  /** Its node is silent: nobody knows whether it still runs. */
  nodeLost?: boolean;
  /** Whether Chromium has its own sandbox; undefined while unknown. */
  browserSandbox?: boolean;
  templateHash?: string;
}

export interface InstanceExit {
  /**
   * One word in CamelCase. `Evicted`, `Preempted`, `NodeShutdown` and `NodeLost` are not held against the sandbox; of one
   * that is being deleted, they say who deletes it.
   */
  reason: string;
  message: string;
  exitCode?: number;
  /** By the clock of whoever saw it end. */
  at: number;
}

/** An attempt to make an instance that came to nothing. */
export interface CreateFailure {
  /**
   * - `failed`: it went wrong, and may go right next time. Counted, with backoff.
   * - `refused`: what the template asks for is not accepted. Counted, with backoff.
   * - `capacity`: a quota is used up. Waited for, without end.
   * - `terminating`: the namespace is being deleted. Not tried again.
   */
  kind: 'failed' | 'refused' | 'capacity' | 'terminating';
  /** One word in CamelCase: `CreateFailed`, `PodRefused`, `QuotaExceeded`, `NamespaceTerminating`. */
  reason: string;
  /** In the words of whoever refused. */
  message: string;
  /** By the clock of the observer. */
  at: number;
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
  /** Pixels of its desktop, which cannot change any more: only a sandbox that wishes for the same may take it. */
  display: { width: number; height: number };
  /** Template it was made from. An older one is taken all the same; `UpToDate` says so then. */
  templateHash?: string;
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
