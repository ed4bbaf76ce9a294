import type { CelRule } from '@sandpiper/api';
import { z } from 'zod';

/**
 * The part of OpenAPI v3 that a CustomResourceDefinition takes. Each node says its type, and nothing refers elsewhere:
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export interface StructuralSchema {
  type?: string;
  description?: string;
  format?: string;
  pattern?: string;
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: boolean;
  exclusiveMaximum?: boolean;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, StructuralSchema>;
  additionalProperties?: StructuralSchema;
  items?: StructuralSchema;
  'x-kubernetes-preserve-unknown-fields'?: true;
  'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  'x-kubernetes-list-map-keys'?: string[];
  'x-kubernetes-map-type'?: 'atomic';
  'x-kubernetes-validations'?: CelRule[];
}

/** Keys in the order in which a reader wants them; a generated key that is not listed here is an error. */
const KEYS = [
  'description',
  'type',
  'format',
  'enum',
  'default',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'exclusiveMinimum',
  'maximum',
  'exclusiveMaximum',
  'minItems',
  'maxItems',
  'maxProperties',
  'required',
  'properties',
  'additionalProperties',
  'items',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-map-type',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
] as const satisfies (keyof StructuralSchema)[];

/** Translates a zod schema, as somebody writes the value: what has a default may be left out. Throws on what no CRD can say. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return structural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }), '');
}

type JsonSchema = Record<string, unknown>;

function structural(node: JsonSchema, path: string): StructuralSchema {
  const { properties, additionalProperties, items, ...rest } = node;
  const result: StructuralSchema = withIntegerFormat(rest);

  if (properties !== undefined) {
    const entries = Object.entries(properties as Record<string, JsonSchema>);
    result.properties = Object.fromEntries(entries.map(([name, child]) => [name, structural(child, `${path}.${name}`)]));
  }
  if (items !== undefined) result.items = structural(items as JsonSchema, `${path}[]`);
  // Unknown fields are pruned, or refused by clients that validate strictly: that is what `false` means here. An empty
  // schema is a loose object, whose unknown fields are kept.
  if (typeof additionalProperties === 'object' && additionalProperties !== null) {
    if (Object.keys(additionalProperties).length === 0) result['x-kubernetes-preserve-unknown-fields'] = true;
    else result.additionalProperties = structural(additionalProperties as JsonSchema, `${path}{}`);
  }
  if (result.default !== undefined) result.default = filledDefault(result);
  return ordered(result, path);
}

/** The API server judges the default of an object by its rules before it fills in those of the fields. */
function filledDefault({ default: given, properties = {} }: StructuralSchema): unknown {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return given;
  const inner = Object.entries(properties).filter(([, { default: value }]) => value !== undefined);
  return { ...Object.fromEntries(inner.map(([name, { default: value }]) => [name, value])), ...given };
}

/** zod bounds integers by what JavaScript counts exactly; a CRD says that with a format. */
function withIntegerFormat(node: JsonSchema): StructuralSchema {
  if (node['type'] !== 'integer') return node;
  const { minimum, maximum, ...rest } = node as { minimum?: number; maximum?: number };
  const isBounded = (bound: number | undefined): bound is number =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  const isInt32 = isBounded(minimum) && isBounded(maximum) && minimum >= -(2 ** 31) && maximum < 2 ** 31;
  return {
    ...rest,
    format: isInt32 ? 'int32' : 'int64',
    ...(isBounded(minimum) && { minimum }),
    ...(isBounded(maximum) && { maximum }),
  };
}

function ordered(node: StructuralSchema, path: string): StructuralSchema {
  const unknown = Object.keys(node).filter((key) => !(KEYS as readonly string[]).includes(key));
  if (unknown.length > 0) throw new Error(`No CRD can say ${unknown.join(', ')}, at ${path || 'the root'}.`);
  if (node.type === undefined) throw new Error(`Each node of a CRD needs one type, and ${path} has none.`);
  return Object.fromEntries(KEYS.filter((key) => node[key] !== undefined).map((key) => [key, node[key]]));
}
