import type { StructuralSchema } from '../structural.ts';

export interface Node {
  /** `spec.network.allow[]`; `{}` stands for the values of a map. */
  path: string;
  schema: StructuralSchema;
}

/** A schema and all below it, parents first. */
export function nodesOf(schema: StructuralSchema, path = ''): Node[] {
  const { properties = {}, items, additionalProperties } = schema;
  return [
    { path, schema },
    ...Object.entries(properties).flatMap(([name, child]) => nodesOf(child, path === '' ? name : `${path}.${name}`)),
    ...(items ? nodesOf(items, `${path}[]`) : []),
    ...(additionalProperties ? nodesOf(additionalProperties, `${path}{}`) : []),
  ];
}
