import { resources, sandbox, sandboxPool, sandboxTemplate } from '@sandpiper/api';
import type { z } from 'zod';

/** What a CustomResourceDefinition says beside its schema. */
export interface Definition {
  resource: (typeof resources)[keyof typeof resources];
  description: string;
  singular: string;
  shortName: string;
  schema: { spec: z.ZodType; status: z.ZodType };
  columns: Column[];
  /** Fields that clients may select on. */
  selectable: string[];
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath: string };
}

/** A column of `kubectl get`. */
export interface Column {
  name: string;
  type: 'string' | 'integer' | 'boolean' | 'date';
  jsonPath: string;
  description: string;
  /** Only with `-o wide`. */
  priority?: 1;
}

const age: Column = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since its creation.',
};

export const definitions: Definition[] = [
  {
    resource: resources.sandbox,
    description: 'A computer for one conversation.',
    singular: 'sandbox',
    shortName: 'sbx',
    schema: { spec: sandbox.shape.spec, status: sandbox.shape.status },
    columns: [
      {
        name: 'Ready',
        type: 'string',
        jsonPath: condition('Ready', 'status'),
        description: 'Whether everything in it answers.',
      },
      {
        name: 'Reason',
        type: 'string',
        jsonPath: condition('Ready', 'reason'),
        description: 'What it waits for, or why it does not run.',
      },
      { name: 'Mode', type: 'string', jsonPath: '.spec.operatingMode', description: 'What is wished.' },
      { name: 'Template', type: 'string', jsonPath: '.spec.templateRef.name', description: 'Its SandboxTemplate.' },
      {
        name: 'Launch',
        type: 'string',
        jsonPath: '.status.launch.type',
        description: 'Whether its instance came from a pool (Warm) or was made for it (Cold).',
      },
      { name: 'Node', type: 'string', jsonPath: '.status.endpoint.node', description: 'Where it runs.', priority: 1 },
      {
        name: 'IP',
        type: 'string',
        jsonPath: '.status.endpoint.address',
        description: 'Address at which its tools answer.',
        priority: 1,
      },
      age,
    ],
    selectable: ['.spec.templateRef.name', '.spec.operatingMode'],
  },
  {
    resource: resources.sandboxTemplate,
    description: 'What sandboxes may be: written by administrators, named by sandboxes and pools.',
    singular: 'sandboxtemplate',
    shortName: 'sbxt',
    schema: { spec: sandboxTemplate.shape.spec, status: sandboxTemplate.shape.status },
    columns: [
      {
        name: 'Valid',
        type: 'string',
        jsonPath: condition('Valid', 'status'),
        description: 'Whether the API server takes its pods.',
      },
      { name: 'Reason', type: 'string', jsonPath: condition('Valid', 'reason'), description: 'Why.' },
      { name: 'Desktop', type: 'boolean', jsonPath: '.spec.desktop', description: 'Whether a desktop runs.' },
      {
        name: 'Workspace',
        type: 'string',
        jsonPath: '.spec.workspace.size',
        description: 'Size of the durable storage; empty without any.',
      },
      { name: 'Egress', type: 'string', jsonPath: '.spec.network.egress', description: 'What is reachable from inside.' },
      {
        name: 'Hash',
        type: 'string',
        jsonPath: '.status.templateHash',
        description: 'Changes with what puts running instances out of date.',
        priority: 1,
      },
      age,
    ],
    selectable: [],
  },
  {
    resource: resources.sandboxPool,
    description: 'Instances of a template that are ready before anybody asks.',
    singular: 'sandboxpool',
    shortName: 'sbxp',
    schema: { spec: sandboxPool.shape.spec, status: sandboxPool.shape.status },
    columns: [
      { name: 'Template', type: 'string', jsonPath: '.spec.templateRef.name', description: 'Its SandboxTemplate.' },
      { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas', description: 'Warm instances to hold.' },
      { name: 'Current', type: 'integer', jsonPath: '.status.replicas', description: 'Warm instances that exist.' },
      {
        name: 'Ready',
        type: 'integer',
        jsonPath: '.status.readyReplicas',
        description: 'Warm instances that can be taken now.',
      },
      {
        name: 'Available',
        type: 'string',
        jsonPath: condition('Available', 'status'),
        description: 'Whether all are ready.',
      },
      {
        name: 'Progressing',
        type: 'string',
        jsonPath: condition('Progressing', 'reason'),
        description: 'How it gets there.',
        priority: 1,
      },
      {
        name: 'Update',
        type: 'string',
        jsonPath: '.spec.updateStrategy',
        description: 'What a changed template does to warm instances.',
        priority: 1,
      },
      age,
    ],
    selectable: ['.spec.templateRef.name'],
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
];

function condition(type: string, field: 'status' | 'reason'): string {
  return `.status.conditions[?(@.type=="${type}")].${field}`;
}
