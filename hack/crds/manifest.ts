import type { Definition } from './definitions.ts';
import { type StructuralSchema, structuralSchema } from './structural.ts';

export type Manifest = ReturnType<typeof manifestOf>;

/** The CustomResourceDefinition of one resource. Pure. */
export function manifestOf({ resource, singular, shortName, columns, selectable, scale, ...rest }: Definition) {
  const { group, kind, plural, version } = resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'app.kubernetes.io/part-of': 'sandpiper' } },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames: [shortName],
        // Not `all`: `kubectl delete all --all`, which spares claims, would delete workspaces.
        categories: ['sandpiper'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          additionalPrinterColumns: columns,
          ...(selectable.length > 0 && { selectableFields: selectable.map((jsonPath) => ({ jsonPath })) }),
          subresources: { status: {}, ...(scale && { scale }) },
          schema: { openAPIV3Schema: rootSchema(rest) },
        },
      ],
    },
  };
}

function rootSchema({ description, schema }: Pick<Definition, 'description' | 'schema'>): StructuralSchema {
  const spec = structuralSchema(schema.spec);
  return {
    description,
    type: 'object',
    ...(spec.default === undefined && { required: ['spec'] }),
    properties: {
      apiVersion: { description: 'Group and version of this representation of the object.', type: 'string' },
      kind: { description: 'Name of the type of the object.', type: 'string' },
      // The name becomes part of names of pods, claims and Services, and the value of labels.
      metadata: {
        type: 'object',
        properties: { name: { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' } },
      },
      spec,
      status: structuralSchema(schema.status),
    },
  };
}
