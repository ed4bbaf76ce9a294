import { annotations, findCondition, isTrue, reasons, type Sandbox } from '@sandpiper/api';
import { type ConnectOptions, type Endpoint, phaseOf, SandboxError, type SandboxPhase } from '@sandpiper/sandboxes';

/** What one look at a sandbox means for somebody who waits for it. */
export type Prospect =
  | { kind: 'ready'; endpoint: Endpoint }
  | { kind: 'wait' }
  /** It sleeps, and only a wake changes that. */
  | { kind: 'asleep'; byWish: boolean }
  | { kind: 'hopeless'; error: SandboxError };

/** Reads off the resource whether it can be used now, later, or never. Pure. */
export function prospectOf(sandbox: Sandbox | undefined, sessionId: string, need: ConnectOptions['need']): Prospect {
  if (!sandbox) return hopeless('SANDBOX_NOT_FOUND', `The session ${sessionId} has no sandbox.`);
  const { metadata, spec, status } = sandbox;
  const conditions = status?.conditions;
  if (metadata.deletionTimestamp) return hopeless('SANDBOX_DELETING', 'This sandbox is being deleted.');

  // What was found for an earlier wish says nothing about this one.
  const isCurrent = status?.observedGeneration === metadata.generation;
  const finished = findCondition(conditions, 'Finished');
  if (isCurrent && finished?.status === 'True') {
    const code = finished.reason === reasons.Expired ? 'SANDBOX_FINISHED' : 'SANDBOX_FAILED';
    return hopeless(code, finished.message);
  }
  const ready = findCondition(conditions, 'Ready');
  if (isCurrent && (ready?.reason === reasons.NameConflict || ready?.reason === reasons.TemplateNotFound)) {
    return hopeless('SANDBOX_FAILED', ready.message);
  }
  if (spec.operatingMode === 'Suspended') return { kind: 'asleep', byWish: true };
  if (metadata.annotations?.[annotations.orphanedAt] !== undefined) return { kind: 'asleep', byWish: false };
  if (isTrue(conditions, 'Suspended')) return isWaking(sandbox) ? { kind: 'wait' } : { kind: 'asleep', byWish: false };

  if (!isTrue(conditions, 'ToolsReady') || !status?.endpoint) return { kind: 'wait' };
  if (need === 'desktop' && !isTrue(conditions, 'DesktopReady')) {
    const desktop = findCondition(conditions, 'DesktopReady');
    if (desktop?.reason !== reasons.DesktopDisabled) return { kind: 'wait' };
    return hopeless('SANDBOX_FAILED', 'The template of this sandbox has no desktop.');
  }
  return { kind: 'ready', endpoint: { address: status.endpoint.address, uid: status.endpoint.uid } };
}

export interface ConnectSource {
  get(): Sandbox | undefined;
  wake(): void;
  /** Calls back on every change of this sandbox, and with a reason when no more will come. */
  subscribe(onChange: () => void, onClose: (error: SandboxError) => void): () => void;
}

/** Waits until a sandbox can be used, waking it where it sleeps; see `Sandboxes.connect`. */
export function connect(source: ConnectSource, sessionId: string, options: ConnectOptions): Promise<Endpoint> {
  const { need, timeoutMs, signal, onPhase } = options;
  return new Promise((resolve, reject) => {
    let isFirst = true;
    let shown: SandboxPhase | undefined;
    const ends: (() => void)[] = [];
    const settle = (finish: () => void): void => {
      for (const end of ends.splice(0)) end();
      finish();
    };
    const fail = (error: SandboxError): void => settle(() => reject(error));

    const show = (sandbox: Sandbox | undefined): void => {
      const phase = phaseOf(sandbox);
      if (shown?.phase === phase.phase && shown.reason === phase.reason) return;
      shown = phase;
      onPhase?.(phase);
    };
    const look = (): void => {
      const sandbox = source.get();
      const prospect = prospectOf(sandbox, sessionId, need);
      if (!isFirst || prospect.kind !== 'ready') show(sandbox);
      if (prospect.kind === 'ready') settle(() => resolve(prospect.endpoint));
      else if (prospect.kind === 'hopeless') fail(prospect.error);
      else if (prospect.kind === 'asleep') {
        // Whoever suspends it while others wait for it means it; one that fell asleep meanwhile does not.
        if (prospect.byWish && !isFirst)
          fail(new SandboxError('SANDBOX_SUSPENDED', 'Somebody suspended this sandbox.'));
        else source.wake();
      }
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
    const timer = setTimeout(() => fail(timeout(timeoutMs, phaseOf(source.get()))), timeoutMs);
    ends.push(() => clearTimeout(timer));
    look();
  });
}

function timeout(timeoutMs: number, { phase, message }: SandboxPhase): SandboxError {
  const text = `The sandbox is still ${phase.replace('-', ' ')} after ${timeoutMs} ms; it goes on, ask again. ${message}`;
  return new SandboxError('SANDBOX_TIMEOUT', text.trim());
}

function isWaking({ spec, status }: Sandbox): boolean {
  if (spec.wakeRequestedAt === undefined) return false;
  return status?.suspendedAt === undefined || Date.parse(spec.wakeRequestedAt) > Date.parse(status.suspendedAt);
}

function hopeless(code: SandboxError['code'], message: string): Prospect {
  return { kind: 'hopeless', error: new SandboxError(code, message) };
}
