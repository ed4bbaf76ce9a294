import { z } from 'zod';

/** A moment as Kubernetes writes it, with milliseconds where we write it. */
export const timestamp = z.iso.datetime({ offset: true }).meta({ format: 'date-time' });

/** Name of an object that becomes part of DNS names: RFC 1123 label. */
export const objectName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be lower-case letters, digits and dashes');

export const condition = z
  .object({
    type: z.string().describe('What is true or false: CamelCase.'),
    status: z.enum(['True', 'False', 'Unknown']),
    observedGeneration: z.int().min(0).exactOptional().describe('Generation of the spec this was found for.'),
    lastTransitionTime: timestamp.describe('When the status last changed from one value to another.'),
    reason: z
      .string()
      .min(1)
      .max(128)
      .regex(/^[A-Za-z]([A-Za-z0-9_]*[A-Za-z0-9])?$/)
      .describe('Why, as one word for programs.'),
    message: z.string().max(32_768).describe('Why, as a sentence for people.'),
  })
  .describe('One aspect of the state, as in the Kubernetes API conventions.');
export type Condition = z.infer<typeof condition>;

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

/** Metadata key under which a schema carries CEL rules for the API server (`x-kubernetes-validations`). */
export interface CelRule {
  rule: string;
  message: string;
}

/** Adds rules that need the API server: comparisons between fields, or with the old value. */
export function cel(...rules: CelRule[]): { 'x-kubernetes-validations': CelRule[] } {
  return { 'x-kubernetes-validations': rules };
}
