import { resources, type Sandbox, type SandboxPool, type SandboxTemplate } from '@sandpiper/api';
import { defineResource } from '@sandpiper/kube';

export const sandboxes = defineResource<Sandbox>(resources.sandbox);
export const sandboxTemplates = defineResource<SandboxTemplate>(resources.sandboxTemplate);
export const sandboxPools = defineResource<SandboxPool>(resources.sandboxPool);
