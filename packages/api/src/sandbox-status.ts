import { z } from 'zod';
import { conditions, observedGeneration, timestamp, WRITTEN_WHOLE } from './meta.ts';

const endpoint = z
  .object({
    address: z.string().max(1024).describe('Where tool-api answers: unix:/… on one host, else http://….'),
    uid: z
      .string()
      .max(64)
      .describe(
        "Identity of the instance, the pod's UID on Kubernetes: sandbox:<uid> is the audience of tokens for it.",
      ),
    pod: z.string().max(253).exactOptional().describe('Name of the pod.'),
    node: z.string().max(253).exactOptional().describe('Node on which the pod runs.'),
  })
  .meta(WRITTEN_WHOLE)
  .describe('The one published instance; absent while there is none.');

const workspace = z
  .object({
    claimName: z.string().max(253).describe('Name of the PersistentVolumeClaim, volume or directory.'),
    retain: z.boolean().describe("Whether it outlives the sandbox: the template's word when it was made."),
  })
  .meta(WRITTEN_WHOLE)
  .describe('The durable storage that this sandbox uses, whatever becomes of the template.');

const launch = z
  .object({
    type: z.enum(['Warm', 'Cold']).describe('Warm: an instance was adopted from a pool. Cold: one was made.'),
    requestedAt: timestamp.describe('When it was asked for: by the creation, a wake, or a failure before it.'),
    startedAt: timestamp.exactOptional().describe('When the instance was made or adopted.'),
    readyAt: timestamp.exactOptional().describe('When everything first answered.'),
    restarts: z.int().min(0).exactOptional().describe('Restarts in place that were counted since this start.'),
  })
  .meta(WRITTEN_WHOLE)
  .describe('The latest start.');

const lastFailure = z
  .object({
    reason: z.string().describe('Why, as one word for programs.'),
    message: z.string().max(4096).describe('Why, as a sentence for people.'),
    exitCode: z.int().exactOptional().describe('Exit code of the container, where there was one.'),
    at: timestamp.describe('When it ended.'),
    uid: z
      .string()
      .exactOptional()
      .describe('The instance that was given up; absent when it restarts in place or never came to be.'),
    consecutive: z.int().min(0).describe('Starts that failed in a row, up to now.'),
  })
  .meta(WRITTEN_WHOLE)
  .describe('Why an instance last ended against its will; kept after the instance is gone.');

export const sandboxStatus = z
  .object({
    observedGeneration: observedGeneration.exactOptional(),
    conditions: conditions
      .exactOptional()
      .describe('Ready sums up the others; its reason says what it waits for or why there is no instance.'),
    endpoint: endpoint.exactOptional(),
    workspace: workspace.exactOptional(),
    suspendedAt: timestamp.exactOptional().describe('When it was suspended; absent while it is not.'),
    launch: launch.exactOptional(),
    restarts: z.int().min(0).exactOptional().describe('Restarts since the creation, in place and anew.'),
    lastFailure: lastFailure.exactOptional(),
    templateHash: z
      .string()
      .max(64)
      .exactOptional()
      .describe('The templateHash that the published instance was made from.'),
    selector: z.string().max(1024).exactOptional().describe('Label selector of the instance.'),
  })
  .describe('The found state of a sandbox.');
export type SandboxStatus = z.infer<typeof sandboxStatus>;
