import { z } from 'zod';
import { duration } from './duration.ts';
import { timestamp } from './meta.ts';

/** How long a sandbox lives. What a Sandbox leaves out comes from its template, then from `defaultLifetime`. */
export const lifetime = z
  .strictObject({
    idleTimeout: duration({ min: '1s', max: '8760h' })
      .exactOptional()
      .describe(
        'After this long without any call, running command, viewer input or keep-alive the idle policy applies. A ' +
          "duration like 90s or 1h30m; without it the template's, else 30m.",
      ),
    idlePolicy: z
      .enum(['Suspend', 'Delete'])
      .exactOptional()
      .describe(
        'What happens to an idle sandbox. Suspend ends the instance and keeps the workspace, Delete deletes the sandbox. ' +
          "Without it the template's, else Suspend.",
      ),
    shutdownTime: timestamp
      .exactOptional()
      .describe('The moment at which the sandbox ends, whatever runs in it: 2030-01-31T18:00:00Z.'),
    maxLifetime: duration({ min: '1s', max: '87600h' })
      .exactOptional()
      .describe(
        'The sandbox ends this long after its creation, whatever runs in it. With shutdownTime too, the earlier moment ' +
          'counts; with neither it lives until it is deleted.',
      ),
    shutdownPolicy: z
      .enum(['Delete', 'Retain'])
      .exactOptional()
      .describe(
        'What the end means. Delete deletes the resource and its workspace, Retain keeps both without an instance. ' +
          "Without it the template's, else Retain.",
      ),
  })
  .describe('How long the sandbox lives, idle and at most.');
export type Lifetime = z.infer<typeof lifetime>;

/** What templates may say for their sandboxes: a fixed moment would end every later sandbox at birth. */
export const lifetimeDefaults = lifetime
  .omit({ shutdownTime: true })
  .describe('How long sandboxes live that do not say it themselves.');

export const defaultLifetime = {
  idleTimeout: '30m',
  idlePolicy: 'Suspend',
  shutdownPolicy: 'Retain',
} as const satisfies Lifetime;
