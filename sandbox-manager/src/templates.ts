import { API_VERSION, sandboxTemplateSpec } from '@sandpiper/api';
import type { SandboxTemplate } from '@sandpiper/api';
import type { z } from 'zod';

/** What a template may be given as, with everything that has a default left out. */
export type TemplateInput = z.input<typeof sandboxTemplateSpec>;

export const DEFAULT_TEMPLATE = 'default';

/**
 * The templates of one host: no administrator writes them, so they come from configuration, and there is always
 * `default`. Throws a ZodError for one that is not valid.
 */
export function builtInTemplates(configured: Record<string, TemplateInput>, now: number): Map<string, SandboxTemplate> {
  const inputs = { [DEFAULT_TEMPLATE]: {}, ...configured };
  return new Map(
    Object.entries(inputs).map(([name, input]) => {
      // Instances of one host always have a directory of their own.
      const spec = sandboxTemplateSpec.parse({ workspace: {}, ...input });
      const metadata = {
        name,
        uid: `template-${name}`,
        resourceVersion: '1',
        generation: 1,
        creationTimestamp: new Date(now).toISOString(),
      };
      return [name, { apiVersion: API_VERSION, kind: 'SandboxTemplate', metadata, spec }];
    }),
  );
}
