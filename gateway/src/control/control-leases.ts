import type { ControlState } from '@sandpiper/protocol';
import { defineErrors } from '@sandpiper/protocol';
import type { SessionHub } from '../sessions/hub.ts';

export const controlErrors = defineErrors({
  CONTROL_HELD: {
    status: 409,
    message: '{name} has control of this computer.',
    hint: 'Wait until it is handed back, or take it with force.',
  },
});

/** A tab of a person who watches. */
export interface Viewer {
  userId: string;
  name: string;
  viewerId: string;
}

export interface ControlLeasesOptions {
  hub: SessionHub;
  /**
   * Tells the sandbox who holds control, for `ttlMs`; while a person does, it refuses the agent's input. Called again well before
   * that time is over, so that a gateway that died cannot lock the agent out. A failure must be handled inside.
   */
  tell: (sessionId: string, state: ControlState, ttlMs: number) => Promise<void>;
  /** How long a holder whose last connection closed keeps control: long enough for a reload. */
  graceMs?: number;
  ttlMs?: number;
}

export interface ControlLeases {
  /** Throws `CONTROL_HELD` when another tab holds it and `force` is not set. Idempotent for the holder. */
  take(sessionId: string, viewer: Viewer, options?: { force?: boolean }): Promise<ControlState>;
  /** Hands back to the agent; does nothing when this tab does not hold it. */
  release(sessionId: string, viewer: Viewer): Promise<ControlState>;
  /** A desktop connection of a tab opened; call the result when it has closed. */
  connected(sessionId: string, viewerId: string): () => void;
  close(): void;
}

/** Who may move mouse and keyboard: one tab of a person, or the agent. The log holds the truth (`control.changed`). */
export function createControlLeases(options: ControlLeasesOptions): ControlLeases {
  const { hub, tell, graceMs = 30_000, ttlMs = 60_000 } = options;
  const connections = new Map<string, number>();
  const renewals = new Map<string, NodeJS.Timeout>();
  const graces = new Map<string, NodeJS.Timeout>();

  const change = async (sessionId: string, state: ControlState): Promise<ControlState> => {
    await hub.append(sessionId, { type: 'control.changed', ...state });
    clearInterval(renewals.get(sessionId));
    renewals.delete(sessionId);
    await tell(sessionId, state, ttlMs);
    if (state.holder === 'person') {
      const renew = setInterval(() => void tell(sessionId, state, ttlMs), ttlMs / 3);
      renew.unref();
      renewals.set(sessionId, renew);
      expectConnection(sessionId, state);
    }
    return state;
  };

  /** Gives the holder's tab the grace period to (re)connect, then hands back for it. */
  const expectConnection = (sessionId: string, state: ControlState): void => {
    clearTimeout(graces.get(sessionId));
    const timer = setTimeout(() => {
      graces.delete(sessionId);
      if (connections.has(connectionKey(sessionId, state.viewerId))) return;
      void handBackIfHeldBy(sessionId, state.viewerId);
    }, graceMs);
    timer.unref();
    graces.set(sessionId, timer);
  };

  const handBackIfHeldBy = async (sessionId: string, viewerId: string | undefined): Promise<void> => {
    try {
      const { control } = await hub.state(sessionId);
      if (control.holder === 'person' && control.viewerId === viewerId) await change(sessionId, { holder: 'agent' });
    } catch {
      // The session is gone, and its control with it.
    }
  };

  return {
    async take(sessionId, viewer, { force = false } = {}) {
      const { control } = await hub.state(sessionId);
      if (control.holder === 'person') {
        if (control.viewerId === viewer.viewerId && control.userId === viewer.userId) return control;
        if (!force) throw controlErrors.CONTROL_HELD({ name: control.name ?? 'Somebody' });
      }
      return change(sessionId, { holder: 'person', ...viewer });
    },
    async release(sessionId, viewer) {
      const { control } = await hub.state(sessionId);
      const holds =
        control.holder === 'person' && control.userId === viewer.userId && control.viewerId === viewer.viewerId;
      return holds ? change(sessionId, { holder: 'agent' }) : control;
    },
    connected(sessionId, viewerId) {
      const key = connectionKey(sessionId, viewerId);
      connections.set(key, (connections.get(key) ?? 0) + 1);
      // A holder of before a restart of the gateway has no timer yet; whoever looks first starts it.
      void hub.state(sessionId).then(
        ({ control }) => {
          if (control.holder === 'person' && !graces.has(sessionId)) expectConnection(sessionId, control);
        },
        () => undefined,
      );
      let open = true;
      return () => {
        if (!open) return;
        open = false;
        const left = (connections.get(key) ?? 1) - 1;
        if (left > 0) connections.set(key, left);
        else connections.delete(key);
        if (left === 0) expectConnection(sessionId, { holder: 'person', viewerId });
      };
    },
    close() {
      for (const timer of renewals.values()) clearInterval(timer);
      for (const timer of graces.values()) clearTimeout(timer);
      renewals.clear();
      graces.clear();
    },
  };
}

const connectionKey = (sessionId: string, viewerId: string | undefined): string => `${sessionId} ${viewerId ?? ''}`;
