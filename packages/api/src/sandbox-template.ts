import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { lifetime } from './lifetime.ts';
import { condition, objectMeta } from './meta.ts';

const quantity = z
  .string()
  .regex(/^\d+(\.\d+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/)
  .meta({ 'x-kubernetes-int-or-string': true });

const cidr = z.string().max(64);

/** What administrators allow sandboxes to be. */
export const sandboxTemplateSpec = z
  .strictObject({
    podTemplate: z
      .strictObject({
        metadata: z
          .strictObject({
            labels: z.record(z.string(), z.string()).exactOptional(),
            annotations: z.record(z.string(), z.string()).exactOptional(),
          })
          .exactOptional()
          .describe('Labels and annotations of pods; prefixes of Kubernetes and Sandpiper are refused.'),
        spec: z
          .record(z.string(), z.unknown())
          .describe('A PodSpec, proved by a dry run.')
          .meta({ 'x-kubernetes-preserve-unknown-fields': true }),
      })
      .exactOptional()
      .describe('What runs on Kubernetes; without meaning on one host.'),
    workspace: z
      .strictObject({
        size: quantity.default('10Gi'),
        storageClassName: z.string().exactOptional(),
        retain: z.boolean().default(false).describe('Whether a workspace outlives its sandbox.'),
      })
      .exactOptional()
      .describe('The durable storage of a sandbox, which outlives its instances. Without it nothing is durable.'),
    desktop: z.boolean().default(true).describe('Whether X, a window manager, VNC and a browser run.'),
    network: z
      .strictObject({
        egress: z.enum(['Internet', 'None', 'Custom']).default('Internet'),
        allow: z.array(cidr).max(256).exactOptional().describe('Reachable ranges beyond the policy.'),
        deny: z.array(cidr).max(256).exactOptional().describe('Unreachable ranges within the policy.'),
        dns: z.enum(['Cluster', 'Custom']).default('Cluster'),
      })
      .prefault({})
      .describe('What sandboxes reach.'),
    service: z.boolean().default(false).describe('Whether each sandbox gets a headless Service.'),
    defaults: z
      .strictObject({ lifetime: lifetime.exactOptional() })
      .exactOptional()
      .describe('For sandboxes that leave it out.'),
  })
  .describe('The wished state of a template.');
export type SandboxTemplateSpec = z.infer<typeof sandboxTemplateSpec>;

export const sandboxTemplateStatus = z.object({
  observedGeneration: z.int().min(0).exactOptional(),
  conditions: z.array(condition).exactOptional().describe('`Valid`.'),
  templateHash: z.string().exactOptional(),
});

/** What a Sandbox may be (short name `sbxt`). */
export const sandboxTemplate = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('SandboxTemplate'),
  metadata: objectMeta,
  spec: sandboxTemplateSpec,
  status: sandboxTemplateStatus.exactOptional(),
});
export type SandboxTemplate = z.infer<typeof sandboxTemplate>;
