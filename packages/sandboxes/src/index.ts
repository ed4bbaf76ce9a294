export { SandboxError, sandboxErrorCodes, type SandboxErrorCode } from './errors.ts';
export { phaseNames, phaseOf, type PhaseName, type SandboxPhase } from './phase.ts';
export type { ConnectOptions, Endpoint, EnsureRequest, SandboxChange, Sandboxes } from './sandboxes.ts';
// What implementations share.
export { connect, type ConnectSource } from './connect.ts';
export { isTooMany, planSweep, sessionOf, type SweepPlan, type SweepReport } from './sweep.ts';
export { assertWakeable, newSandbox, noSandbox, usableBy, wakeOf, type NewSandbox } from './wishes.ts';
