import { z } from 'zod';
import { API_VERSION } from './group.ts';
import { lifetime } from './lifetime.ts';
import { objectMeta, objectName, timestamp, WRITTEN_WHOLE } from './meta.ts';
import { withRules } from './rules.ts';
import { sandboxStatus } from './sandbox-status.ts';

const templateRef = withRules(
  z.strictObject({
    name: objectName.default('default').describe('Name of the SandboxTemplate in the same namespace.'),
  }),
  {
    rule: 'self == oldSelf',
    message: 'the template of a sandbox cannot change; create another sandbox',
    fieldPath: '.name',
  },
).meta(WRITTEN_WHOLE);

const wakeRequestedAt = withRules(timestamp, {
  rule: 'self >= oldSelf',
  message: 'wakeRequestedAt may only move forward: an older wish must not undo a newer one',
});

const restart = z
  .strictObject({
    policy: z
      .enum(['OnFailure', 'Never'])
      .default('OnFailure')
      .describe('Whether an instance that failed is made anew on the same workspace.'),
    maxRestarts: z
      .int()
      .min(0)
      .max(100)
      .default(5)
      .describe('Failures in a row after which it gives up, until somebody wakes it.'),
  })
  .describe('What follows a failure.');

const display = z
  .strictObject({
    width: z.int().min(320).max(7680).default(1280).describe('Width in pixels.'),
    height: z.int().min(240).max(4320).default(800).describe('Height in pixels.'),
  })
  .describe('Size of the desktop when it starts; viewers may change it later.');

/** What is asked for. Carries no pod spec: only an administrator's template decides what runs. */
export const sandboxSpec = withRules(
  z.strictObject({
    templateRef: templateRef.prefault({}).describe('What the sandbox is; cannot change.'),
    poolPolicy: z
      .enum(['Prefer', 'Require', 'Never'])
      .default('Prefer')
      .describe(
        'Whether a warm instance is taken from a pool of the template. Prefer takes one if there is one, Require waits for ' +
          'one, Never makes its own.',
      ),
    operatingMode: z
      .enum(['Running', 'Suspended'])
      .default('Running')
      .describe("The person's wish. A sandbox that should run may still be suspended because it is idle."),
    wakeRequestedAt: wakeRequestedAt
      .exactOptional()
      .describe(
        'A sandbox that was suspended before this moment, or gave up restarting before it, starts again. May only move ' +
          'forward.',
      ),
    lifetime: lifetime.exactOptional(),
    restart: restart.prefault({}),
    display: display.prefault({}),
  }),
  {
    rule: '!has(oldSelf.wakeRequestedAt) || has(self.wakeRequestedAt)',
    message: 'wakeRequestedAt cannot be taken back; set operatingMode to Suspended instead',
    fieldPath: '.wakeRequestedAt',
  },
).describe('The wished state of a sandbox.');
export type SandboxSpec = z.infer<typeof sandboxSpec>;

/** A computer for one conversation (short name `sbx`). */
export const sandbox = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Sandbox'),
  metadata: objectMeta,
  spec: sandboxSpec.prefault({}),
  status: sandboxStatus.exactOptional(),
});
export type Sandbox = z.infer<typeof sandbox>;
