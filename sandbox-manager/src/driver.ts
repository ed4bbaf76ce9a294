/**
 * What the manager needs of whatever runs sandboxes on this host: plain processes today, containers next. A driver holds
 * no policy: when something is created, suspended or deleted is decided in `@sandpiper/lifecycle`; a driver only acts and
 * tells what is. Every method may be called again after a crash of the manager, so all of them are idempotent.
 */
export interface Driver {
  /** `process` or `docker`; shows in logs and metrics. */
  readonly kind: string;
  /** How instances are confined that start now; `notes` say what could not be had, in sentences for a person. */
  readonly confinement: Confinement;

  /**
   * All instances of this installation, those that an earlier manager process started included (they are adopted by
   * listing them). An instance that ended stays listed as `Exited`, with its cause, until it is deleted.
   */
  list(): Promise<Instance[]>;

  /** Makes the durable directory or volume; resolves as well when it exists. */
  createWorkspace(name: string): Promise<void>;
  /** Deletes it with all it holds; resolves as well when it does not exist. */
  deleteWorkspace(name: string): Promise<void>;
  workspaceExists(name: string): Promise<boolean>;

  /**
   * Starts an instance and returns once it is started, not when it is ready. Rejects when another instance, running or
   * not yet fully gone, uses the workspace: two instances never share one.
   */
  createInstance(request: InstanceRequest): Promise<Instance>;

  /**
   * Ends an instance and forgets it. Asks it first and kills what is left after `graceMs`; resolves when no process of
   * it lives, also when there is no such instance.
   */
  deleteInstance(uid: string, options: { graceMs: number }): Promise<void>;

  /** Calls the listener after any change of an instance of that sandbox; returns the way to stop. */
  onChange(listener: (sandboxUid: string) => void): () => void;

  /** `stop` ends all instances; `leave` lets them live, for the next manager process to adopt. */
  close(mode: CloseMode): Promise<void>;
}

export type CloseMode = 'stop' | 'leave';

export interface InstanceRequest {
  sandbox: { name: string; uid: string; sessionId: string };
  /** Minted by the manager before the start: the audience of every capability token for this instance. */
  uid: string;
  /** Name of a workspace that exists. */
  workspace: string;
  display: { width: number; height: number };
  /** Whether X, a window manager, VNC and a browser run beside tool-api. */
  desktop: boolean;
}

export interface Instance {
  uid: string;
  /** The owner: authoritative, unlike names. */
  sandboxUid: string;
  sandboxName: string;
  workspace: string;
  /** Where tool-api listens: `unix:/…` or `http://…`. */
  address: string;
  /** Where VNC listens, when it is not relayed by tool-api. */
  vncAddress?: string;
  state: 'Running' | 'Exited';
  /** Epoch ms. */
  startedAt: number;
  /** How often it was restarted in place, under the same uid and address. */
  restarts: number;
  exit?: InstanceExit;
  confinement: Confinement;
}

export interface InstanceExit {
  /** One word in CamelCase: `Crashed`, `OutOfMemory`, `HeartbeatLost`, `StartFailed`. */
  reason: string;
  message: string;
  exitCode?: number;
  /** Epoch ms. */
  at: number;
}

/** What really holds an instance back on this machine; never claims more than was set up. */
export interface Confinement {
  confined: boolean;
  network: 'isolated' | 'nat' | 'none' | 'host';
  limits: 'cgroup' | 'prlimit' | 'none';
  /** Whether Chromium runs with its own sandbox. */
  browserSandbox: boolean;
  /** What is missing, in sentences for a person. */
  notes: string[];
}
