export { decide } from './decide.ts';
export type { Action, Decision, LifecycleEvent } from './decision.ts';
export type { Observation, ObservedInstance, ObservedWorkspace, SuspendAnswer, WarmCandidate } from './observation.ts';
export { TIMES } from './policy.ts';
