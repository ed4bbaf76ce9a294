import { createHash } from 'node:crypto';
import type { SandboxTemplate } from '@sandpiper/api';

/**
 * What of a template makes a running computer out of date when it changes: the pod, its storage and whether it has a
 * desktop. Lifetimes and network rules apply to those that run, so they are left out. Ten hexadecimal digits.
 */
export function templateHash({ spec }: Pick<SandboxTemplate, 'spec'>): string {
  const { podTemplate, workspace, desktop } = spec;
  return createHash('sha256').update(canonical({ podTemplate, workspace, desktop })).digest('hex').slice(0, 10);
}

/** JSON with sorted keys: the API server is free to send them in any order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`).join(',')}}`;
}
