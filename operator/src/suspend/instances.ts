/** How the operator asks what runs in a pod whether it may be suspended. */
export interface Instances {
  /** Asks, and when it has been idle for so long closes it to new work. Rejects when it does not answer. */
  suspend(target: InstanceTarget, ifIdleForMs: number): Promise<{ agreed: boolean; idleForMs: number }>;
  /** Lets it take work again. */
  reopen(target: InstanceTarget): Promise<void>;
}

export interface InstanceTarget {
  namespace: string;
  pod: string;
  /** Of the pod: the audience of tokens. */
  uid: string;
  /** `http://10.0.0.7:8080` */
  address: string;
}
