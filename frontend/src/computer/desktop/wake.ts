import type { SandboxPhaseName } from '@sandpiper/protocol';

/** The phases of a start, in order, as the steps of its progress. */
export const wakePhases = ['creating', 'starting-tools', 'starting-desktop'] as const;
export type WakePhase = (typeof wakePhases)[number];

export const isWaking = (phase: SandboxPhaseName): phase is WakePhase =>
  (wakePhases as readonly string[]).includes(phase);

/** What the desktop tab shows instead of a desktop; undefined when there is one to connect to. */
export type DesktopAbsence = 'none' | 'waking' | 'suspending' | 'suspended' | 'failed' | 'finished' | 'unavailable';

export function absenceOf(phase: SandboxPhaseName): DesktopAbsence | undefined {
  if (phase === 'ready') return undefined;
  return isWaking(phase) ? 'waking' : phase;
}

export interface WakeStep {
  phase: WakePhase;
  state: 'done' | 'active' | 'pending';
  /** Of the active step: since it began. Of a done one that was watched from its beginning: how long it took. */
  durationMs: number | null;
}

/**
 * The steps of a start with their real durations.
 *
 * @param began  when each phase was seen to begin; a phase that began before the page was watching is absent
 */
export function wakeSteps(phase: WakePhase, began: Partial<Record<WakePhase, number>>, nowMs: number): WakeStep[] {
  const active = wakePhases.indexOf(phase);
  return wakePhases.map((name, index) => {
    const start = began[name];
    if (index > active) return { phase: name, state: 'pending', durationMs: null };
    if (index === active)
      return { phase: name, state: 'active', durationMs: start === undefined ? null : nowMs - start };
    const end = wakePhases
      .slice(index + 1)
      .map((later) => began[later])
      .find((at) => at !== undefined);
    return { phase: name, state: 'done', durationMs: start === undefined || end === undefined ? null : end - start };
  });
}
