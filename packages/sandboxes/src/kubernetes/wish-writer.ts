import { annotations, type Sandbox } from '@sandpiper/api';
import { isAlreadyExists, isInvalid } from '@sandpiper/kube';
import { SandboxError } from '../errors.ts';
import { assertWakeable, type NewSandbox, noSandbox, wakeOf } from '../wishes.ts';
import { isReplaced, type SandboxPatch, type SandboxResources } from './sandbox-resources.ts';

/** Writes wishes, one request each where nobody interferes. Rejects with what the API server says, and by code as named. */
export interface WishWriter {
  /** The session's sandbox, whoever made it. `SANDBOX_FAILED` where another installation has its name. */
  create(sessionId: string, wished: NewSandbox): Promise<Sandbox>;
  /** `SANDBOX_NOT_FOUND`. */
  suspend(sessionId: string): Promise<void>;
  /** `SANDBOX_NOT_FOUND`, `SANDBOX_FINISHED`. */
  wake(sessionId: string): Promise<void>;
  delete(sessionId: string): Promise<void>;
}

/** Others create, delete and replace under the same name; one call gives way to them this often. */
const MAX_ENCOUNTERS = 5;

/** @param now  epoch ms by the clock of the API server */
export function createWishWriter(resources: SandboxResources, now: () => number): WishWriter {
  const readOurs = async (sessionId: string): Promise<Sandbox | undefined> => {
    const found = await resources.read(sessionId);
    return found === 'foreign' ? undefined : found;
  };
  /** Does a write to the session's sandbox, and again to what is there by then when somebody was faster. */
  const write = async (sessionId: string, work: (sandbox: Sandbox) => Promise<unknown>): Promise<void> => {
    let sandbox = resources.get(sessionId) ?? (await readOurs(sessionId));
    for (let encounter = 1; ; encounter++) {
      if (!sandbox) throw noSandbox(sessionId);
      try {
        await work(sandbox);
        return;
      } catch (error) {
        // Invalid is a wake that is earlier than the one of another replica: it may only move forward.
        const isOvertaken = isReplaced(error) || isInvalid(error);
        if (!isOvertaken || encounter === MAX_ENCOUNTERS) throw error;
        sandbox = await readOurs(sessionId);
      }
    }
  };

  return {
    async create(sessionId, wished) {
      for (let encounter = 1; ; encounter++) {
        try {
          return await resources.create(sessionId, wished);
        } catch (error) {
          if (!isAlreadyExists(error) || encounter === MAX_ENCOUNTERS) throw error;
          // Another replica was faster, an answer of the server got lost, or the name is somebody else's.
          const found = await resources.read(sessionId);
          if (found === 'foreign') throw new SandboxError('SANDBOX_FAILED', nameTaken(wished.name), { cause: error });
          if (found) return found;
        }
      }
    },
    suspend: (sessionId) =>
      write(sessionId, (sandbox) => resources.patch(sandbox, { spec: { operatingMode: 'Suspended' } })),
    wake: (sessionId) =>
      write(sessionId, (sandbox) => {
        assertWakeable(sandbox);
        return resources.patch(sandbox, wakePatch(sandbox, now()));
      }),
    async delete(sessionId) {
      try {
        await write(sessionId, (sandbox) => resources.delete(sandbox));
      } catch (error) {
        if (!(error instanceof SandboxError) || error.code !== 'SANDBOX_NOT_FOUND') throw error;
      }
    },
  };
}

function wakePatch(sandbox: Sandbox, now: number): SandboxPatch {
  return { spec: wakeOf(sandbox, now), annotations: { [annotations.orphanedAt]: null } };
}

function nameTaken(name: string): string {
  return `The Sandbox ${name} in this namespace belongs to something else; it is left alone.`;
}
