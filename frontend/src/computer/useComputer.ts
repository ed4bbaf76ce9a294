import { computed, inject, provide } from 'vue';
import type { ComputedRef, InjectionKey } from 'vue';
import type { SandboxState, ToolCallItem } from '@sandpiper/protocol';
import { useSession } from '../session/useSession.ts';
import { momentAt, stepsOf } from './lookback/steps.ts';
import type { Moment } from './lookback/steps.ts';

/** What the tabs of the panel share: which session's computer it is, how it is, and which moment of it is looked at. */
export interface Computer {
  sessionId: ComputedRef<string>;
  sandbox: ComputedRef<SandboxState>;
  steps: ComputedRef<ToolCallItem[]>;
  /** The moment that is looked back on; undefined is live. */
  moment: ComputedRef<Moment | undefined>;
  /** Looks back on a call, or with null at what is now. */
  lookAt(callId: string | null): void;
}

const key: InjectionKey<Computer> = Symbol('computer');

/** Called once by the panel. */
export function provideComputer(sessionId: () => string): Computer {
  const session = useSession();
  const steps = computed(() => stepsOf(session.state.timeline));
  const computer: Computer = {
    sessionId: computed(sessionId),
    sandbox: computed(() => session.state.sandbox),
    steps,
    moment: computed(() => (session.momentCallId === null ? undefined : momentAt(steps.value, session.momentCallId))),
    lookAt: (callId) => (session.momentCallId = callId),
  };
  provide(key, computer);
  return computer;
}

export function useComputer(): Computer {
  const computer = inject(key);
  if (!computer) throw new Error('A tab of the computer panel lives inside of it.');
  return computer;
}
