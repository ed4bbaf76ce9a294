export { SandboxError, sandboxErrorCodes, type SandboxErrorCode } from './errors.ts';
export { phaseNames, phaseOf, type PhaseName, type SandboxPhase } from './phase.ts';
export type { ConnectOptions, Endpoint, EnsureRequest, SandboxChange, Sandboxes } from './sandboxes.ts';
