export * from './conditions.ts';
export { durationMs } from './duration.ts';
export { annotations, API_VERSION, FINALIZER, GROUP, labels, VERSION } from './group.ts';
export { defaultLifetime, type Lifetime } from './lifetime.ts';
export type { Condition, ObjectMeta } from './meta.ts';
export { sandboxName, sessionId } from './names.ts';
export { resources } from './resources.ts';
export type { CelRule } from './rules.ts';
export { sandbox, sandboxSpec, type Sandbox, type SandboxSpec } from './sandbox.ts';
export {
  sandboxPool,
  sandboxPoolSpec,
  type SandboxPool,
  type SandboxPoolSpec,
  type SandboxPoolStatus,
} from './sandbox-pool.ts';
export { sandboxStatus, type SandboxStatus } from './sandbox-status.ts';
export {
  sandboxTemplate,
  sandboxTemplateSpec,
  type SandboxTemplate,
  type SandboxTemplateSpec,
  type SandboxTemplateStatus,
} from './sandbox-template.ts';
export { privateRanges } from './private-ranges.ts';
