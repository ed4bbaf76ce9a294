import { z } from 'zod';
import { duration } from './duration.ts';
import { timestamp } from './meta.ts';

/** How long a sandbox lives. What a Sandbox leaves out comes from its template, then from `defaultLifetime`. */
export const lifetime = z
  .strictObject({
    idleTimeout: duration({ min: '1s', max: '8760h' })
      .exactOptional()
      .describe('Without any call, command, viewer input or keep-alive for this long, the idle policy applies.'),
    idlePolicy: z
      .enum(['Suspend', 'Delete'])
      .exactOptional()
      .describe('What happens to an idle sandbox. Suspend keeps the workspace.'),
    shutdownTime: timestamp.exactOptional().describe('When the sandbox ends, whatever runs in it.'),
    maxLifetime: duration({ min: '1s', max: '87600h' })
      .exactOptional()
      .describe('The sandbox ends this long after its creation, whatever runs in it.'),
    shutdownPolicy: z
      .enum(['Delete', 'Retain'])
      .exactOptional()
      .describe('Whether the resource and its workspace are deleted at the end, or kept without an instance.'),
  })
  .describe('How long the sandbox lives.');
export type Lifetime = z.infer<typeof lifetime>;

export const defaultLifetime = {
  idleTimeout: '30m',
  idlePolicy: 'Suspend',
  shutdownPolicy: 'Retain',
} as const satisfies Lifetime;
