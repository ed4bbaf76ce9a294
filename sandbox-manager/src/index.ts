export type { CloseMode, Confinement, Driver, Instance, InstanceExit, InstanceRequest } from './driver.ts';
export { createSandboxManager, type ManagerOptions, type SandboxManager } from './manager.ts';
export type { SweepReport } from '@sandpiper/sandboxes';
export type { TemplateInput } from './templates.ts';
export { probeHost, type ProbeReport, type ProbeResult } from './process/index.ts';
export { ProcessDriverError, createProcessDriver, type ProcessDriverOptions } from './process/index.ts';
