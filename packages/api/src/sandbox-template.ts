import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { lifetimeDefaults } from './lifetime.ts';
import { conditions, objectMeta, observedGeneration } from './meta.ts';
import { network } from './network.ts';
import { podTemplate } from './pod-template.ts';
import { size } from './quantity.ts';
import { withRules } from './rules.ts';

const workspace = z
  .strictObject({
    size: size({ min: '16Mi', max: '64Ti' })
      .default('10Gi')
      .describe('Size of the storage of each new sandbox, like 10Gi. Those that exist keep theirs.'),
    storageClassName: z
      .string()
      .max(253)
      .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of a StorageClass')
      .exactOptional()
      .describe("StorageClass of the claims. Without it the cluster's default."),
    retain: z
      .boolean()
      .default(false)
      .describe('Whether a workspace outlives its sandbox. Otherwise it is deleted with it.'),
  })
  .describe('The durable storage of a sandbox, which outlives its instances. Without it nothing is durable.');

/** What administrators allow sandboxes to be. */
export const sandboxTemplateSpec = withRules(
  z.strictObject({
    podTemplate: podTemplate
      .exactOptional()
      .describe('What runs on Kubernetes, where it must be given; without meaning on one host.'),
    workspace: workspace.exactOptional(),
    desktop: z
      .boolean()
      .default(true)
      .describe('Whether a desktop runs: X, a window manager, VNC and a browser. Shell and files work without.'),
    network: network.prefault({}),
    service: z
      .boolean()
      .default(false)
      .describe('Whether each sandbox gets a headless Service of its name. Sandpiper itself needs none.'),
    defaults: z
      .strictObject({ lifetime: lifetimeDefaults.exactOptional() })
      .exactOptional()
      .describe('What counts for sandboxes that leave it out.'),
  }),
  {
    rule: 'has(self.podTemplate)',
    message: 'a template needs podTemplate.spec with a container named sandbox; config/samples has one to begin with',
  },
).describe('What sandboxes of this template are.');
export type SandboxTemplateSpec = z.infer<typeof sandboxTemplateSpec>;

export const sandboxTemplateStatus = z
  .object({
    observedGeneration: observedGeneration.exactOptional(),
    conditions: conditions
      .exactOptional()
      .describe('Valid says whether the API server takes a pod of this template, and if not, why.'),
    templateHash: z
      .string()
      .max(64)
      .exactOptional()
      .describe('Changes with whatever puts running instances out of date: pod, workspace, desktop.'),
  })
  .describe('What was found of the template.');
export type SandboxTemplateStatus = z.infer<typeof sandboxTemplateStatus>;

/** What a Sandbox may be (short name `sbxt`). */
export const sandboxTemplate = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('SandboxTemplate'),
  metadata: objectMeta,
  spec: sandboxTemplateSpec,
  status: sandboxTemplateStatus.exactOptional(),
});
export type SandboxTemplate = z.infer<typeof sandboxTemplate>;
