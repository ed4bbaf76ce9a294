import type { Sandbox } from '@sandpiper/api';
import { SandboxError } from './errors.ts';
import { obstacleOf } from './obstacle.ts';
import { phaseOf, type SandboxPhase } from './phase.ts';
import { prospectOf } from './prospect.ts';
import type { ConnectOptions, Endpoint } from './sandboxes.ts';

/** Where the state of one sandbox comes from, for somebody who waits for it. */
export interface ConnectSource {
  get(): Sandbox | undefined;
  /** Stores the wish to have it awake; resolves when `get` shows it. Waiters at the same time share one. */
  wake(): Promise<unknown>;
  /** Calls back on every change of this sandbox, and with a reason when no more will come. */
  subscribe(onChange: () => void, onClose: (error: SandboxError) => void): () => void;
  /** Why nothing may have been heard, where the source can be cut off from what it tells of; asked when time is up. */
  trouble?(): Promise<Error | undefined>;
}

/** Waits until a sandbox can be used, waking it where it sleeps; see `Sandboxes.connect`. */
export function connect(source: ConnectSource, sessionId: string, options: ConnectOptions): Promise<Endpoint> {
  const { need, timeoutMs, signal, onPhase } = options;
  return new Promise((resolve, reject) => {
    let isFirst = true;
    let isWaking = false;
    /** Whether it was ever on its way while this call waited. */
    let wasAwake = false;
    let shown: SandboxPhase | undefined;
    let isSettled = false;
    const ends: (() => void)[] = [];
    const settle = (finish: () => void): void => {
      if (isSettled) return;
      isSettled = true;
      for (const end of ends.splice(0)) end();
      finish();
    };
    const fail = (error: unknown): void =>
      settle(() => reject(error instanceof Error ? error : new Error(String(error))));

    const show = (sandbox: Sandbox | undefined): void => {
      const phase = phaseOf(sandbox);
      if (shown?.phase === phase.phase && shown.reason === phase.reason) return;
      shown = phase;
      onPhase?.(phase);
    };
    const wake = (): void => {
      if (isWaking) return;
      isWaking = true;
      source.wake().then(() => {
        isWaking = false;
        wasAwake = true;
        look();
      }, fail);
    };
    const look = (): void => {
      if (isSettled) return;
      const sandbox = source.get();
      const prospect = prospectOf(sandbox, sessionId, need);
      if (!isFirst || prospect.kind !== 'ready') show(sandbox);
      if (prospect.kind === 'ready') settle(() => resolve(prospect.endpoint));
      else if (prospect.kind === 'hopeless') fail(!sandbox && !isFirst ? deletedMeanwhile() : prospect.error);
      else if (prospect.kind === 'wait') wasAwake = true;
      // Whoever suspends it while others wait for it means it; one that fell asleep meanwhile does not.
      else if (prospect.byWish && wasAwake) fail(new SandboxError('SANDBOX_SUSPENDED', SUSPENDED));
      else wake();
      isFirst = false;
    };

    const abort = (): void => fail(new SandboxError('SANDBOX_ABORTED', 'The wait for the sandbox was cancelled.'));
    if (signal?.aborted) {
      abort();
      return;
    }
    signal?.addEventListener('abort', abort, { once: true });
    ends.push(() => signal?.removeEventListener('abort', abort));
    ends.push(source.subscribe(look, fail));
    const giveUp = async (): Promise<void> => {
      const trouble = await source.trouble?.();
      fail(trouble ?? tooLate(timeoutMs, source.get()));
    };
    const timer = setTimeout(() => void giveUp().catch(fail), timeoutMs);
    ends.push(() => clearTimeout(timer));
    look();
  });
}

const SUSPENDED = 'Somebody suspended this sandbox.';
/** Room comes by other sandboxes that go to sleep, or by a node that starts: minutes, not seconds. */
const CAPACITY_RETRY_MS = 30_000;

/** What to say when time is up: the cause where the conditions tell one. */
function tooLate(timeoutMs: number, sandbox: Sandbox | undefined): SandboxError {
  const obstacle = sandbox && obstacleOf(sandbox);
  if (obstacle?.kind === 'capacity') {
    return new SandboxError('SANDBOX_CAPACITY', obstacle.message, { retryAfterMs: CAPACITY_RETRY_MS });
  }
  if (obstacle) return new SandboxError('SANDBOX_FAILED', obstacle.message);
  const { phase, message } = phaseOf(sandbox);
  const text = `The sandbox is still ${phase.replace('-', ' ')} after ${timeoutMs} ms; it goes on, ask again. ${message}`;
  return new SandboxError('SANDBOX_TIMEOUT', text.trim());
}

function deletedMeanwhile(): SandboxError {
  return new SandboxError('SANDBOX_DELETING', 'This sandbox was deleted meanwhile.');
}
