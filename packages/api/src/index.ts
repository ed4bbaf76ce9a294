export * from './conditions.ts';
export { durationMs } from './duration.ts';
export { annotations, API_VERSION, FINALIZER, GROUP, labels, VERSION } from './group.ts';
export { defaultLifetime, type Lifetime } from './lifetime.ts';
export type { Condition, ObjectMeta } from './meta.ts';
export { sandboxName, sessionId } from './names.ts';
export { sandbox, sandboxSpec, sandboxStatus, type Sandbox, type SandboxSpec, type SandboxStatus } from './sandbox.ts';
export { sandboxPool, sandboxPoolSpec, type SandboxPool, type SandboxPoolSpec } from './sandbox-pool.ts';
export {
  sandboxTemplate,
  sandboxTemplateSpec,
  type SandboxTemplate,
  type SandboxTemplateSpec,
} from './sandbox-template.ts';
