/** The API group and version of every resource of Sandpiper. */
export const GROUP = 'sandpiper.dev';
export const VERSION = 'v1alpha1';
export const API_VERSION = `${GROUP}/${VERSION}` as const;

/** Keeps a Sandbox until its instances and its workspace are gone. */
export const FINALIZER = `${GROUP}/cleanup`;

/**
 * Labels only index: ownership is the owner reference's UID. Those that policies, Services and budgets select on are set
 * when an object is created and never change.
 */
export const labels = {
  /** Id of the session a sandbox belongs to. */
  session: `${GROUP}/session`,
  /** Name of the sandbox that an instance or a workspace belongs to. */
  sandbox: `${GROUP}/sandbox`,
  /** Name of the pool that made an instance. */
  pool: `${GROUP}/pool`,
  /** Id of the installation: sweeps touch nothing that carries another one. */
  installation: `${GROUP}/installation`,
  /** `sandbox` on every pod of a sandbox; network policies select on it. */
  component: `${GROUP}/component`,
  /** Name of the template that a pod or a claim was made from. */
  template: `${GROUP}/template`,
} as const;

export const annotations = {
  /** Who the session belongs to: an id of the gateway, not limited to label characters. */
  owner: `${GROUP}/owner`,
  /** Set by a sweep when the session of a sandbox is absent, removed when it is back: ISO time. */
  orphanedAt: `${GROUP}/orphaned-at`,
  /** Hash of the template that a pod was made from. */
  templateHash: `${GROUP}/template-hash`,
} as const;
