import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { lifetime } from './lifetime.ts';
import { cel, condition, objectMeta, objectName, timestamp } from './meta.ts';

const display = z
  .strictObject({
    width: z.int().min(320).max(7680).default(1280).describe('Pixels.'),
    height: z.int().min(240).max(4320).default(800).describe('Pixels.'),
  })
  .describe('Size of the desktop when it starts.');

/** What is asked for. Carries no pod spec: only an administrator's template decides what runs. */
export const sandboxSpec = z
  .strictObject({
    templateRef: z
      .strictObject({ name: objectName.default('default') })
      .prefault({})
      .describe('The SandboxTemplate in the same namespace.')
      .meta(cel({ rule: 'self == oldSelf', message: 'the template of a sandbox cannot change' })),
    poolPolicy: z
      .enum(['Prefer', 'Require', 'Never'])
      .default('Prefer')
      .describe('Whether a warm instance of a pool is taken if there is one, waited for, or left alone.'),
    operatingMode: z
      .enum(['Running', 'Suspended'])
      .default('Running')
      .describe("The person's wish. A running sandbox may still be suspended because it is idle."),
    wakeRequestedAt: timestamp
      .exactOptional()
      .describe('A sandbox that was suspended before this moment, or gave up restarting before it, starts again.'),
    lifetime: lifetime.exactOptional(),
    restart: z
      .strictObject({
        policy: z.enum(['OnFailure', 'Never']).default('OnFailure').describe('Whether a failed instance is made anew.'),
        maxRestarts: z.int().min(0).max(100).default(5).describe('Failures in a row after which it gives up.'),
      })
      .prefault({})
      .describe('What follows a failure.'),
    display: display.prefault({}),
  })
  .describe('The wished state of a sandbox.');
export type SandboxSpec = z.infer<typeof sandboxSpec>;

const endpoint = z
  .object({
    address: z.string().describe('Where tool-api answers: `unix:/…` or `http://…`.'),
    uid: z.string().describe('Identity of the instance: `sandbox:<uid>` is the audience of tokens for it.'),
    pod: z.string().exactOptional(),
    node: z.string().exactOptional(),
  })
  .describe('The one published instance.');

const launch = z
  .object({
    type: z.enum(['Warm', 'Cold']).describe('Whether an instance was adopted from a pool or made.'),
    requestedAt: timestamp,
    startedAt: timestamp.exactOptional(),
    readyAt: timestamp.exactOptional(),
    restarts: z.int().min(0).exactOptional().describe('Restarts in place that were counted since this start.'),
  })
  .describe('The latest start.');

const lastFailure = z
  .object({
    reason: z.string(),
    message: z.string().max(4096),
    exitCode: z.int().exactOptional(),
    at: timestamp,
    uid: z
      .string()
      .exactOptional()
      .describe('The instance that was given up; absent when it restarts in place or never came to be.'),
    consecutive: z.int().min(0).describe('Starts that failed in a row, up to now.'),
  })
  .describe('Why an instance last ended against its will; kept after the instance is gone.');

export const sandboxStatus = z
  .object({
    observedGeneration: z.int().min(0).exactOptional(),
    conditions: z.array(condition).exactOptional(),
    endpoint: endpoint.exactOptional(),
    workspace: z
      .object({
        claimName: z.string(),
        retain: z.boolean().describe("Whether it outlives the sandbox: the template's word when it was made."),
      })
      .exactOptional(),
    suspendedAt: timestamp.exactOptional(),
    launch: launch.exactOptional(),
    restarts: z.int().min(0).exactOptional().describe('Restarts since the creation, in place and anew.'),
    lastFailure: lastFailure.exactOptional(),
    templateHash: z.string().exactOptional().describe('Template that the published instance was made from.'),
    selector: z.string().exactOptional().describe('Label selector of the instance.'),
  })
  .describe('The found state of a sandbox.');
export type SandboxStatus = z.infer<typeof sandboxStatus>;

/** A computer for one conversation (short name `sbx`). */
export const sandbox = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Sandbox'),
  metadata: objectMeta,
  spec: sandboxSpec,
  status: sandboxStatus.exactOptional(),
});
export type Sandbox = z.infer<typeof sandbox>;
