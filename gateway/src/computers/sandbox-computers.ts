import type { Signer } from '@sandpiper/capability';
import type { InstanceClient } from '@sandpiper/instance';
import type { SandboxState, SandboxView } from '@sandpiper/protocol';
import type { SandboxError } from '@sandpiper/sandboxes';
import { phaseOf, type Endpoint, type Sandboxes } from '@sandpiper/sandboxes';
import type { Logger } from 'pino';
import { errors } from '../errors.ts';
import type { SessionHub } from '../sessions/hub.ts';
import type { SessionStore } from '../stores/stores.ts';
import type { Computers } from './computers.ts';
import { asComputerError, isSandboxCode } from './sandbox-failures.ts';

export interface SandboxComputersParts {
  sandboxes: Sandboxes;
  signer: Signer;
  /** Makes the client of one instance; `createInstanceClient` of `@sandpiper/instance`. */
  connectInstance: (endpoint: Endpoint, signer: Signer) => InstanceClient;
  hub: SessionHub;
  sessions: SessionStore;
  log: Logger;
  /** How computers of this host are confined, where the host knows. */
  confinement?: SandboxView['confinement'];
  /** What is weaker than it should be, in sentences. */
  notes?: readonly string[];
  connectTimeoutMs?: number;
  /** Throws while nothing is known of any sandbox. */
  checkReady?: () => Promise<void>;
}

const CONNECT_TIMEOUT_MS = 90_000;
const CATCH_UP_AGAIN_MS = 1_000;

/** Computers that are sandboxes. Every phase they really pass appears in the log of their session. */
export function createSandboxComputers(parts: SandboxComputersParts): SandboxComputers {
  return new InstanceComputers(parts);
}

export interface SandboxComputers extends Computers {
  /**
   * Records what became of the computers while nobody watched: a host that stops puts them to sleep after the gateway has
   * closed. Where nothing is known of them yet, it is done later.
   */
  catchUp(): Promise<void>;
}

interface Connected {
  endpoint: Endpoint;
  client: InstanceClient;
}

class InstanceComputers implements SandboxComputers {
  readonly available = true;
  readonly notes: string[];
  readonly #parts: SandboxComputersParts;
  readonly #connected = new Map<string, Connected>();
  /** By session and need: callers at the same time share one way. */
  readonly #connecting = new Map<string, Promise<InstanceClient>>();
  readonly #reports = new Map<string, Promise<void>>();
  readonly #stopWatching: () => void;
  #later: NodeJS.Timeout | undefined;

  constructor(parts: SandboxComputersParts) {
    this.#parts = parts;
    this.notes = [...(parts.notes ?? [])];
    this.#stopWatching = parts.sandboxes.watch(({ sessionId, sandbox }) =>
      this.#report(sessionId, stateOf(phaseOf(sandbox))),
    );
  }

  async catchUp(): Promise<void> {
    try {
      await this.#parts.checkReady?.();
    } catch {
      this.#later = setTimeout(() => {
        this.catchUp().catch((error: unknown) =>
          this.#parts.log.error({ err: error }, 'what became of the computers could not be recorded'),
        );
      }, CATCH_UP_AGAIN_MS);
      return;
    }
    for (const { id, sandbox } of await this.#parts.sessions.listWithComputer()) {
      const now = stateOf(phaseOf(await this.#parts.sandboxes.get(id)));
      // Only a session that differs is worth reading its log.
      if (!isSame(now, sandbox)) this.#report(id, now);
    }
    await Promise.all(this.#reports.values());
  }

  async connect(
    sessionId: string,
    { need, signal }: { need: 'tools' | 'desktop'; signal?: AbortSignal },
  ): Promise<InstanceClient> {
    signal?.throwIfAborted();
    const key = `${need} ${sessionId}`;
    let connecting = this.#connecting.get(key);
    if (!connecting) {
      connecting = this.#connect(sessionId, need).finally(() => this.#connecting.delete(key));
      this.#connecting.set(key, connecting);
    }
    // Who leaves does not take the others along: the computer goes on starting.
    return signal ? orAborted(connecting, signal) : connecting;
  }

  async view(sessionId: string): Promise<SandboxView> {
    const sandbox = await refusing(this.#parts.sandboxes.get(sessionId));
    const phase = phaseOf(sandbox);
    this.#report(sessionId, stateOf(phase));
    const { confinement } = this.#parts;
    const { suspendedAt, restarts, launch } = sandbox?.status ?? {};
    return {
      ...stateOf(phase),
      ...(launch &&
        confinement && {
          confinement: { ...confinement, browserSandbox: phase.browserSandboxed ?? confinement.browserSandbox },
        }),
      ...(suspendedAt !== undefined && { suspendedAt }),
      ...(restarts !== undefined && { restarts }),
    };
  }

  async suspend(sessionId: string): Promise<void> {
    await refusing(ignoring('SANDBOX_NOT_FOUND', this.#parts.sandboxes.suspend(sessionId)));
  }

  async wake(sessionId: string): Promise<void> {
    await this.#ensure(sessionId);
    await refusing(this.#parts.sandboxes.wake(sessionId));
  }

  async delete(sessionId: string): Promise<void> {
    await refusing(ignoring('SANDBOX_NOT_FOUND', this.#parts.sandboxes.delete(sessionId)));
    await this.#forget(sessionId);
  }

  async close(): Promise<void> {
    this.#stopWatching();
    clearTimeout(this.#later);
    await Promise.all(this.#reports.values());
    await Promise.all([...this.#connected.keys()].map((sessionId) => this.#forget(sessionId)));
  }

  async #connect(sessionId: string, need: 'tools' | 'desktop'): Promise<InstanceClient> {
    const options = { need, timeoutMs: this.#parts.connectTimeoutMs ?? CONNECT_TIMEOUT_MS };
    const { sandboxes } = this.#parts;
    const endpoint = await refusing(
      sandboxes.connect(sessionId, options).catch(async (error: unknown) => {
        if (!isSandboxCode(error, 'SANDBOX_NOT_FOUND')) throw error;
        await this.#ensure(sessionId);
        return sandboxes.connect(sessionId, options);
      }),
    );
    return this.#clientOf(sessionId, endpoint);
  }

  async #ensure(sessionId: string): Promise<void> {
    const record = await this.#parts.sessions.find(sessionId);
    if (!record) throw errors.SESSION_NOT_FOUND({ id: sessionId });
    await refusing(this.#parts.sandboxes.ensure({ sessionId, owner: record.ownerId }));
  }

  /** One client per instance: its connections are kept open between calls. */
  async #clientOf(sessionId: string, endpoint: Endpoint): Promise<InstanceClient> {
    const held = this.#connected.get(sessionId);
    if (held?.endpoint.uid === endpoint.uid && held.endpoint.address === endpoint.address) return held.client;
    const client = this.#parts.connectInstance(endpoint, this.#parts.signer);
    this.#connected.set(sessionId, { endpoint, client });
    await held?.client.close();
    return client;
  }

  async #forget(sessionId: string): Promise<void> {
    const held = this.#connected.get(sessionId);
    this.#connected.delete(sessionId);
    await held?.client.close();
  }

  /** Appends a phase if it is another than the log's last one; in order, one after the other. */
  #report(sessionId: string, next: SandboxState): void {
    const before = this.#reports.get(sessionId) ?? Promise.resolve();
    const report = before
      .then(async () => {
        const { sandbox } = await this.#parts.hub.state(sessionId);
        if (isSame(sandbox, next)) return;
        await this.#parts.hub.append(sessionId, { type: 'sandbox.phase', ...next });
      })
      .catch((error: unknown) => {
        // A session that was deleted has a computer for a moment longer.
        if (isSessionGone(error)) return;
        this.#parts.log.error({ err: error, sessionId }, 'a phase of the computer could not be recorded');
      })
      .finally(() => {
        if (this.#reports.get(sessionId) === report) this.#reports.delete(sessionId);
      });
    this.#reports.set(sessionId, report);
  }
}

/** A message may count seconds; that is no change. */
function isSame(one: SandboxState, other: SandboxState): boolean {
  return one.phase === other.phase && one.reason === other.reason;
}

function stateOf({ phase, reason, message }: ReturnType<typeof phaseOf>): SandboxState {
  if (phase === 'none') return { phase };
  return { phase, reason, ...(message !== '' && { message }) };
}

async function refusing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asComputerError(error);
  }
}

async function ignoring(code: SandboxError['code'], work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isSandboxCode(error, code)) throw error;
  }
}

function isSessionGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'SESSION_NOT_FOUND';
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
