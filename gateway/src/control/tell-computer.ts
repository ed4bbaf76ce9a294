import type { ControlState } from '@sandpiper/protocol';
import type { Logger } from 'pino';
import type { Computers } from '../computers/computers.ts';

/** Every lease of this gateway has one owner in the sandbox: which person holds it is the log's business, not the sandbox's. */
const OWNER_ID = 'gateway';

/**
 * Tells a running computer who holds control, so that it refuses the agent's input meanwhile. One that does not run is left asleep:
 * there is no input to refuse. A failure is logged; the lease in the computer then ends by itself.
 */
export function createTellComputer({ computers, log }: { computers: Computers; log: Logger }) {
  return async (sessionId: string, state: ControlState, ttlMs: number): Promise<void> => {
    try {
      const { phase } = await computers.view(sessionId);
      if (phase !== 'ready') return;
      const computer = await computers.connect(sessionId, { need: 'tools', signal: AbortSignal.timeout(5_000) });
      const action = state.holder === 'person' ? 'take' : 'release';
      await computer.control({ action, owner: { id: OWNER_ID, label: state.name ?? 'A person' }, ttlMs, force: true });
    } catch (error) {
      log.warn({ err: error, sessionId }, 'the computer could not be told who has control');
    }
  };
}
