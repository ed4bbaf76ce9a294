import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { cel, condition, objectMeta, objectName } from './meta.ts';

export const sandboxPoolSpec = z
  .strictObject({
    templateRef: z.strictObject({ name: objectName }).describe('The SandboxTemplate of the warm instances.'),
    replicas: z.int().min(0).max(1000).default(1).describe('Warm instances to hold ready.'),
    maxReplicas: z.int().min(1).max(1000).exactOptional().describe('Upper bound while taken ones are refilled.'),
    refill: z
      .strictObject({
        burst: z.int().min(1).max(1000).default(5).describe('Instances started at once.'),
        perSecond: z.number().gt(0).max(1000).default(2).describe('Instances started per second after the burst.'),
      })
      .prefault({}),
    updateStrategy: z
      .enum(['Recreate', 'OnReplenish'])
      .default('OnReplenish')
      .describe('Whether a changed template replaces warm instances at once or as they are taken.'),
  })
  .meta(
    cel({
      rule: '!has(self.maxReplicas) || self.maxReplicas >= self.replicas',
      message: 'maxReplicas is below replicas',
    }),
  )
  .describe('The wished state of a pool.');
export type SandboxPoolSpec = z.infer<typeof sandboxPoolSpec>;

export const sandboxPoolStatus = z.object({
  observedGeneration: z.int().min(0).exactOptional(),
  replicas: z.int().min(0).exactOptional(),
  readyReplicas: z.int().min(0).exactOptional(),
  selector: z.string().exactOptional(),
  conditions: z.array(condition).exactOptional().describe('`Available` and `Progressing`.'),
});

/** Instances that are ready before anybody asks (short name `sbxp`). */
export const sandboxPool = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('SandboxPool'),
  metadata: objectMeta,
  spec: sandboxPoolSpec,
  status: sandboxPoolStatus.exactOptional(),
});
export type SandboxPool = z.infer<typeof sandboxPool>;
