export type { CloseMode, Confinement, Driver, Instance, InstanceExit, InstanceRequest } from './driver.ts';
export { createSandboxManager, type ManagerOptions, type SandboxManager } from './manager.ts';
export type { SweepReport } from './sweep.ts';
export type { TemplateInput } from './templates.ts';
