import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { conditions, objectMeta, objectName, observedGeneration, WRITTEN_WHOLE } from './meta.ts';
import { withRules } from './rules.ts';

// A pod of the pool says in labels which template it was made from, and labels never change: were the reference free to
// move, a sandbox could adopt a pod of another template than its own.
const templateRef = withRules(
  z.strictObject({ name: objectName.describe('Name of the SandboxTemplate in the same namespace.') }),
  {
    rule: 'self == oldSelf',
    message: 'the template of a pool cannot change; create another pool, then delete this one',
    fieldPath: '.name',
  },
).meta(WRITTEN_WHOLE);

export const sandboxPoolSpec = withRules(
  z.strictObject({
    templateRef: templateRef.describe('What the warm instances are; cannot change.'),
    replicas: z.int().min(0).max(1000).default(1).describe('Warm instances to hold ready.'),
    maxReplicas: z
      .int()
      .min(1)
      .max(1000)
      .exactOptional()
      .describe(
        'Warm instances that may exist at once, starting and outdated ones included, whoever scales the pool. At least ' +
          'replicas; without it replicas.',
      ),
    refill: z
      .strictObject({
        burst: z.int().min(1).max(1000).default(5).describe('Instances that may be started at once.'),
        perSecond: z.number().gt(0).max(1000).default(2).describe('Instances started per second after the burst.'),
      })
      .prefault({})
      .describe('How fast taken instances are made good, so that a rush does not flood the cluster.'),
    updateStrategy: z
      .enum(['Recreate', 'OnReplenish'])
      .default('OnReplenish')
      .describe(
        'What a changed template does to warm instances. Recreate replaces them at once, OnReplenish as they are taken.',
      ),
  }),
  {
    rule: '!has(self.maxReplicas) || self.maxReplicas >= self.replicas',
    message: 'maxReplicas is below replicas; raise it or hold fewer',
    fieldPath: '.maxReplicas',
    holds: ({ maxReplicas, replicas }) => maxReplicas === undefined || maxReplicas >= replicas,
  },
).describe('The wished state of a pool.');
export type SandboxPoolSpec = z.infer<typeof sandboxPoolSpec>;

export const sandboxPoolStatus = z
  .object({
    observedGeneration: observedGeneration.exactOptional(),
    replicas: z.int().min(0).exactOptional().describe('Warm instances that exist and nobody has taken.'),
    readyReplicas: z.int().min(0).exactOptional().describe('Warm instances that can be taken now.'),
    selector: z.string().max(1024).exactOptional().describe('Label selector of the warm instances.'),
    conditions: conditions
      .exactOptional()
      .describe(
        'Available says whether all replicas are ready, Progressing whether it gets there, False when it takes too long.',
      ),
  })
  .describe('The found state of a pool.');
export type SandboxPoolStatus = z.infer<typeof sandboxPoolStatus>;

/** Instances that are ready before anybody asks (short name `sbxp`). */
export const sandboxPool = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('SandboxPool'),
  metadata: objectMeta,
  spec: sandboxPoolSpec,
  status: sandboxPoolStatus.exactOptional(),
});
export type SandboxPool = z.infer<typeof sandboxPool>;
