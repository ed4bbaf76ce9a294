import { GROUP, type Sandbox, type SandboxPool, type SandboxTemplate, VERSION } from '@sandpiper/api';
import { defineResource } from '@sandpiper/kube';

export const sandboxes = defineResource<Sandbox>({
  group: GROUP,
  version: VERSION,
  kind: 'Sandbox',
  plural: 'sandboxes',
  namespaced: true,
});

export const sandboxTemplates = defineResource<SandboxTemplate>({
  group: GROUP,
  version: VERSION,
  kind: 'SandboxTemplate',
  plural: 'sandboxtemplates',
  namespaced: true,
});

export const sandboxPools = defineResource<SandboxPool>({
  group: GROUP,
  version: VERSION,
  kind: 'SandboxPool',
  plural: 'sandboxpools',
  namespaced: true,
});
