import type { Container, Pod, Probe } from '@sandpiper/kube';

/** What runs the containers of pods: nothing at all, or real processes. */
export interface Runtime {
  /**
   * Makes what the containers of a pod share.
   *
   * @throws an Error with the reason that a kubelet would show
   */
  prepare(pod: Pod, address: string): Promise<PodSandbox>;
  close(): Promise<void>;
}

export interface PodSandbox {
  /** @throws an Error with the reason that a kubelet would show */
  start(container: Container): Promise<RunningContainer>;
  /** Its containers have ended. */
  remove(): Promise<void>;
}

export interface RunningContainer {
  id: string;
  /** Resolves when it has ended. */
  exited: Promise<ContainerExit>;
  /** Asks it to end, and makes it end after `graceMs`. */
  end(graceMs: number): Promise<void>;
  /** Makes it end at once, and so: what `exited` then says. */
  crash(exit: ContainerExit): void;
  /** Asks one probe once. */
  probe(probe: Probe): Promise<boolean>;
}

export interface ContainerExit {
  exitCode: number;
  /** `Completed`, `Error`, `OOMKilled` */
  reason: string;
  message?: string;
}

/** The end of a container that was not as its owner wishes, with what `kubectl get pods` shows while it cannot be made. */
export class CannotStart extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}
