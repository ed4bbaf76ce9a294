import type { Sandbox } from '@sandpiper/api';
import type { KubeClient, Log } from '@sandpiper/kube';
import { connect, type ConnectSource } from '../connect.ts';
import { SandboxError } from '../errors.ts';
import type { ConnectOptions, Endpoint, Sandboxes } from '../sandboxes.ts';
import type { SweepReport } from '../sweep.ts';
import { newSandbox, usableBy } from '../wishes.ts';
import { type AddressRule, refusalOfAddress } from './address.ts';
import { asSandboxError } from './failures.ts';
import { patiently } from './patience.ts';
import { createSandboxResources } from './sandbox-resources.ts';
import { createSingleFlight } from './single-flight.ts';
import { sweepResources } from './sweep-resources.ts';
import { createSyncGate, type SyncGate } from './sync-gate.ts';
import { createWaits } from './waits.ts';
import { createWishWriter } from './wish-writer.ts';

export interface KubernetesSandboxesOptions {
  /** Stays the caller's to close. */
  client: KubeClient;
  namespace: string;
  /** Id of the installation, a label value: sandboxes of any other are neither seen nor touched. */
  installation: string;
  log: Log;
  /** Template of sandboxes that name none; `default` when left out. */
  defaultTemplate?: string;
  /** Which addresses of instances are used. */
  addresses?: AddressRule;
  /** How long calls go on trying while the API server does not answer. */
  patienceMs?: number;
  /** Epoch ms. */
  clock?: () => number;
}

export interface KubernetesSandboxes extends Sandboxes {
  /** Begins to watch; resolves when the first list has come. Calls made before wait for it. */
  start(): Promise<void>;
  /** True once the first list has come. */
  readonly isSynced: boolean;
  /**
   * Marks sandboxes of this installation whose session is not among `known`, to be suspended now and deleted after a
   * week, and unmarks those whose session is back. Touches none when more than a tenth would be marked. Several replicas
   * may do it at the same time.
   */
  sweepSessions(known: ReadonlySet<string>): Promise<SweepReport>;
}

const CALL_TIMEOUT_MS = 10_000;
const PATIENCE_MS = 15_000;
/** Of the question whether the API server is there, when somebody has waited in vain. */
const PROBE_TIMEOUT_MS = 2_000;
/** Clocks that agree as well as this are left alone: the server tells whole seconds. */
const CLOCK_TOLERANCE_MS = 5_000;

/**
 * `Sandboxes` as custom resources. Only wishes are written here; the operator does the rest, and status tells of it.
 *
 * All is read from one watch of the installation's sandboxes: nothing is polled, and what runs goes on while the API
 * server is away. Names follow from session ids, so that replicas and retries meet in the same resource.
 */
export function createKubernetesSandboxes(options: KubernetesSandboxesOptions): KubernetesSandboxes {
  const { client, namespace, installation, log, defaultTemplate = 'default', addresses } = options;
  const { patienceMs = PATIENCE_MS, clock = Date.now } = options;
  const closing = new AbortController();
  const { signal } = closing;
  const now = (): number => clock() + skewOf(client);
  const calls = { callTimeoutMs: CALL_TIMEOUT_MS, signal };
  const resources = createSandboxResources({ client, namespace, installation, log, now, ...calls });
  const wishes = createWishWriter(resources, now);
  const gate = createSyncGate();
  const waits = createWaits();
  const creations = createSingleFlight<Sandbox>();
  const wakes = createSingleFlight<unknown>();

  /** Does what may be done twice, patiently, once all is known. */
  const persist = async <T>(work: () => Promise<T>): Promise<T> => {
    await gate.pass(patienceMs, signal);
    return patiently(work, { forMs: patienceMs, signal });
  };
  /** One session's sandbox for those who wait for it; woken by one write, however many they are. */
  const sourceOf = (sessionId: string): ConnectSource => ({
    get: () => resources.get(sessionId),
    wake: () =>
      wakes(sessionId, () => patiently(() => wishes.wake(sessionId), { isWanted: () => waits.has(sessionId), signal })),
    subscribe(onChange, onClose) {
      const stop = resources.onChange((change) => {
        if (change.sessionId === sessionId) onChange();
      });
      const leave = waits.enter(sessionId, onClose);
      return () => {
        stop();
        leave();
      };
    },
    async trouble() {
      try {
        await resources.read(sessionId, PROBE_TIMEOUT_MS);
        return undefined;
      } catch (error) {
        return asSandboxError(error);
      }
    },
  });

  return {
    async start() {
      await resources.start();
      gate.open();
    },
    get isSynced() {
      return gate.isOpen;
    },
    async ensure(request) {
      const wished = newSandbox({ template: defaultTemplate, ...request });
      const { sessionId } = request;
      const make = (): Promise<Sandbox> => persist(() => wishes.create(sessionId, wished));
      await gate.pass(patienceMs, signal);
      return usableBy(resources.get(sessionId) ?? (await creations(sessionId, make)), request);
    },
    async get(sessionId) {
      await gate.pass(patienceMs, signal);
      return resources.get(sessionId);
    },
    async connect(sessionId, wanted) {
      const endpoint = await waitFor(gate, sourceOf(sessionId), sessionId, wanted, signal);
      const refusal = refusalOfAddress(endpoint.address, addresses);
      if (refusal === undefined) return endpoint;
      log.error({ sessionId, address: endpoint.address }, `the address of a sandbox is refused: ${refusal}`);
      throw new SandboxError('SANDBOX_FAILED', `The address that this sandbox publishes is refused: ${refusal}.`);
    },
    suspend: (sessionId) => persist(() => wishes.suspend(sessionId)),
    wake: (sessionId) => persist(() => wishes.wake(sessionId)),
    delete: (sessionId) => persist(() => wishes.delete(sessionId)),
    watch: (listener, sessionId) =>
      resources.onChange((change) => {
        if (sessionId === undefined || change.sessionId === sessionId) listener(change);
      }),
    sweepSessions: (known) => persist(() => sweepResources(resources, known, now(), log)),
    async close() {
      if (signal.aborted) return;
      const reason = new SandboxError('SANDBOXES_CLOSED', 'Sandpiper is stopping.');
      closing.abort(reason);
      waits.close(reason);
      await resources.close();
    },
  };
}

/** Waits until the sandbox is known, then until it can be used: both within the caller's time. */
async function waitFor(
  gate: SyncGate,
  source: ConnectSource,
  sessionId: string,
  wanted: ConnectOptions,
  closing: AbortSignal,
): Promise<Endpoint> {
  const startedAt = performance.now();
  try {
    await gate.pass(wanted.timeoutMs, wanted.signal ? AbortSignal.any([closing, wanted.signal]) : closing);
  } catch (error) {
    if (!wanted.signal?.aborted || closing.aborted) throw error;
    throw new SandboxError('SANDBOX_ABORTED', 'The wait for the sandbox was cancelled.');
  }
  // Who comes now is in no list of those who are told.
  closing.throwIfAborted();
  const timeoutMs = Math.max(1, Math.round(wanted.timeoutMs - (performance.now() - startedAt)));
  return connect(source, sessionId, { ...wanted, timeoutMs });
}

/** The clock of the API server minus ours, where that is more than what comes of measuring it. */
function skewOf({ clockSkewMs = 0 }: KubeClient): number {
  return Math.abs(clockSkewMs) > CLOCK_TOLERANCE_MS ? clockSkewMs : 0;
}
