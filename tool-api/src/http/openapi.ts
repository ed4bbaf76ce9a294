import { errorEnvelope } from '@sandpiper/protocol';
import { z } from 'zod';
import type { Route } from '../group.ts';
import { describeTool, type Registry } from '../registry.ts';

/** The OpenAPI 3.1 document of this sandbox: one path per tool, from its zod schemas, and one per route. */
export function openApiDocument(
  registry: Registry,
  routes: readonly Route[],
  version: string,
): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const tool of registry.list()) {
    const { name, title, description, inputSchema, outputSchema } = describeTool(tool);
    paths[`/v1/tools/${name}`] = {
      post: {
        operationId: name,
        summary: title,
        description,
        tags: [name.split('_')[0]],
        requestBody: { required: true, content: { 'application/json': { schema: inputSchema } } },
        responses: {
          200: { description: 'Done', content: { 'application/json': { schema: outputSchema } } },
          ...refusals,
        },
      },
    };
  }
  for (const route of routes) {
    if (route.path === '/v1/tools/:name') continue;
    const path = route.path.replaceAll(
      /\{?\/?[:*](\w+)\}?/g,
      (match, name: string) => `${match.includes('/') ? '/' : ''}{${name}}`,
    );
    const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    (paths[path] ??= {})[route.method] = {
      summary: route.summary,
      description: `Scope: ${route.scopes.join(' or ')}.`,
      ...(parameters.length === 0 ? {} : { parameters }),
      responses: { 200: { description: 'Done' }, ...refusals },
    };
  }
  const { $schema: _, ...errorSchema } = z.toJSONSchema(errorEnvelope);
  return {
    openapi: '3.1.0',
    info: { title: 'Sandpiper tool-api', version, description: 'The server inside a sandbox.' },
    security: [{ capability: [] }],
    components: {
      securitySchemes: { capability: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT (ES256)' } },
      schemas: { Error: errorSchema },
    },
    paths,
  };
}

const refusals = {
  default: {
    description: 'Refused or failed',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  },
};
