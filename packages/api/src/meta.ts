import { z } from 'zod';

/**
 * A moment as Kubernetes writes it, with milliseconds where we write it. The API server checks the calendar by the format;
 * the pattern keeps it to the spellings that `Date.parse` reads.
 */
export const timestamp = z.iso.datetime({ offset: true }).meta({
  format: 'date-time',
  pattern: String.raw`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$`,
});

/** Name of an object that becomes part of DNS names: RFC 1123 label. */
export const objectName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and dashes');

export const observedGeneration = z.int().min(0).describe('Generation of the spec that this status was found for.');

export const condition = z
  .object({
    type: z.string().min(1).max(316).describe('What is true or false, as one word in CamelCase.'),
    status: z.enum(['True', 'False', 'Unknown']).describe('Whether it is so.'),
    observedGeneration: z.int().min(0).exactOptional().describe('Generation of the spec this was found for.'),
    lastTransitionTime: timestamp.describe('When the status last changed from one value to another.'),
    reason: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$/)
      .describe('Why, as one word for programs.'),
    message: z.string().max(32_768).describe('Why, as a sentence for people; may be empty.'),
  })
  .describe('One aspect of the state, as in the Kubernetes API conventions.');
export type Condition = z.infer<typeof condition>;

/**
 * What one writer writes as a whole. The API server then keeps one entry for it among the managed fields instead of one for
 * each field: of a Sandbox with all its conditions that is a third of what is stored and sent to every watch.
 */
export const WRITTEN_WHOLE = { 'x-kubernetes-map-type': 'atomic' } as const;

/** A list of conditions, one of each type. Only the operator writes it, so it is one value rather than a map by type. */
export const conditions = z.array(condition).max(16).meta({ 'x-kubernetes-list-type': 'atomic' });

export const ownerReference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().exactOptional(),
  blockOwnerDeletion: z.boolean().exactOptional(),
});

/** The part of ObjectMeta that Sandpiper reads or writes. */
export const objectMeta = z.object({
  name: objectName,
  namespace: z.string().exactOptional(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int().min(1),
  creationTimestamp: timestamp,
  deletionTimestamp: timestamp.exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
  ownerReferences: z.array(ownerReference).exactOptional(),
});
export type ObjectMeta = z.infer<typeof objectMeta>;
