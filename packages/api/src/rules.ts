import type { z } from 'zod';

/** A rule as the API server takes it (`x-kubernetes-validations`). */
export interface CelRule {
  /** CEL; `self` is the value, `oldSelf` the one before an update. */
  rule: string;
  /** What is wrong, and the way out. */
  message: string;
  /** The field to blame, relative to the value: `.allow`. */
  fieldPath?: string;
}

export interface Rule<T> extends CelRule {
  /**
   * The same rule for everybody who has no API server. Left out where it compares with the old value, or says something
   * that is true on Kubernetes only.
   */
  holds?: (value: T) => boolean;
}

/** Adds rules to a schema: zod checks `holds`, and the generated CRD carries the CEL. Each rule has a row in the rule table. */
export function withRules<S extends z.ZodType>(schema: S, ...rules: Rule<z.output<S>>[]): S {
  let checked = schema;
  for (const { holds, message, fieldPath } of rules) {
    if (!holds) continue;
    const path = fieldPath?.split('.').filter((part) => part !== '');
    checked = checked.refine(holds, { message, ...(path && { path }) });
  }
  const validations = rules.map(({ rule, message, fieldPath }) => ({ rule, message, ...(fieldPath && { fieldPath }) }));
  return checked.meta({ 'x-kubernetes-validations': validations });
}
