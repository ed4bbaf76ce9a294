export { decide } from './decide.ts';
export type { Action, Decision, LifecycleEvent } from './decision.ts';
export type {
  CreateFailure,
  InstanceExit,
  Observation,
  ObservedInstance,
  ObservedWorkspace,
  SuspendAnswer,
  WarmCandidate,
} from './observation.ts';
export { TIMES } from './policy.ts';
