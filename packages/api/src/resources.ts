import { GROUP, VERSION } from './group.ts';

/** How the API server names our resources: what a client needs to call it. */
export const resources = {
  sandbox: { group: GROUP, version: VERSION, kind: 'Sandbox', plural: 'sandboxes', namespaced: true },
  sandboxTemplate: {
    group: GROUP,
    version: VERSION,
    kind: 'SandboxTemplate',
    plural: 'sandboxtemplates',
    namespaced: true,
  },
  sandboxPool: { group: GROUP, version: VERSION, kind: 'SandboxPool', plural: 'sandboxpools', namespaced: true },
} as const;
