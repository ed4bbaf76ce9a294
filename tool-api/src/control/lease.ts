import { defineErrors, type ControlLease, type ControlLeaseRequest } from '@sandpiper/protocol';

export const controlErrors = defineErrors({
  CONTROL_HELD: {
    status: 409,
    retryable: true,
    message: '{holder} has control of the desktop for up to {seconds} s more.',
    hint: 'Shell and file tools still work. Ask for the control to be handed back, or try again later.',
  },
  CONTROL_LOST: { status: 409, message: 'The control of {holder} has ended; take it again.' },
});

interface Held {
  owner: { id: string; label: string };
  expiresAtMs: number;
}

/**
 * Who may move mouse and keyboard: the agent, unless a person holds an unexpired lease. It arbitrates our own tools and viewers; it
 * is no boundary against code that runs in the sandbox.
 */
export class ControlArbiter {
  readonly #now: () => number;
  readonly #takenListeners = new Set<() => void>();
  #held: Held | undefined;
  #takes = 0;

  /** @param now epoch ms; leases end by this clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How often a person has taken control so far: whoever remembers it can tell that somebody else had the mouse meanwhile. */
  get takes(): number {
    return this.#takes;
  }

  current(): ControlLease {
    const held = this.#unexpired();
    if (!held) return { holder: 'agent' };
    return {
      holder: 'person',
      owner: held.owner,
      expiresAt: new Date(held.expiresAtMs).toISOString(),
      expiresInMs: Math.max(0, Math.round(held.expiresAtMs - this.#now())),
    };
  }

  /** Takes, renews or releases. Throws `CONTROL_HELD` (somebody else has it) or `CONTROL_LOST` (a renewal that comes too late). */
  request({ action, owner, ttlMs = 60_000, force = false }: ControlLeaseRequest): ControlLease {
    const held = this.#unexpired();
    const isMine = held?.owner.id === owner.id;
    if (action === 'release') {
      if (isMine) this.#held = undefined;
      return this.current();
    }
    if (action === 'renew' && !held) throw controlErrors.CONTROL_LOST({ holder: owner.label });
    if (held && !isMine && (action === 'renew' || !force)) throw this.#heldError(held);
    this.#held = { owner, expiresAtMs: this.#now() + ttlMs };
    if (!isMine) {
      this.#takes += 1;
      for (const listener of [...this.#takenListeners]) listener();
    }
    return this.current();
  }

  /** Throws `CONTROL_HELD` while a person holds control. The agent's input is refused, not queued: the desktop has changed by then. */
  assertAgentMayAct(): void {
    const held = this.#unexpired();
    if (held) throw this.#heldError(held);
  }

  /** Calls `listener` whenever a person takes control. @returns the function that ends it */
  onTaken(listener: () => void): () => void {
    this.#takenListeners.add(listener);
    return () => this.#takenListeners.delete(listener);
  }

  #unexpired(): Held | undefined {
    if (this.#held && this.#held.expiresAtMs <= this.#now()) this.#held = undefined;
    return this.#held;
  }

  #heldError(held: Held): Error {
    const seconds = Math.max(1, Math.ceil((held.expiresAtMs - this.#now()) / 1000));
    return controlErrors.CONTROL_HELD({ holder: held.owner.label, seconds });
  }
}
