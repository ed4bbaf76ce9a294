import type { InstanceClient } from '@sandpiper/instance';
import type { SandboxView } from '@sandpiper/protocol';

/** The computer of each session, as the gateway uses it. Phases on the way appear in the session's log as `sandbox.phase`. */
export interface Computers {
  /** False where this host cannot run any (chat-only); `notes` then says why and what to do. */
  readonly available: boolean;
  readonly notes: string[];
  /**
   * A client of the session's computer, created or woken if need be (single flight, bounded).
   * Throws `COMPUTERS_UNAVAILABLE`, `COMPUTER_FAILED`, `COMPUTER_CAPACITY`, `COMPUTER_TIMEOUT`.
   */
  connect(sessionId: string, options: { need: 'tools' | 'desktop'; signal?: AbortSignal }): Promise<InstanceClient>;
  view(sessionId: string): Promise<SandboxView>;
  suspend(sessionId: string): Promise<void>;
  wake(sessionId: string): Promise<void>;
  delete(sessionId: string): Promise<void>;
  close(): Promise<void>;
}
