import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from '@asteasolutions/zod-to-openapi';
import { errorEnvelope } from '@sandpiper/protocol';
import { z } from 'zod';
import { operations, type Operation } from './operations.ts';

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

/** The OpenAPI 3.1 document of the public API, from the schemas that check the requests. */
export function openApiDocument(version: string): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' });
  for (const operation of operations) registry.registerPath(routeOf(operation));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Sandpiper',
      version,
      description:
        'Every conversation with an agent gets its own computer. Errors are one envelope: `code`, `message`, `retryable`, and `issues` by field.',
    },
    servers: [{ url: '/api/v1' }],
  });
}

function routeOf({
  method,
  path,
  tag,
  summary,
  description,
  open,
  query,
  headers,
  body,
  answers,
}: Operation): RouteConfig {
  const names = [...path.matchAll(/\{(\w+)\}/g)].flatMap((match) => match[1] ?? []);
  const parameters = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  return {
    method,
    path,
    summary,
    tags: [tag],
    ...(description !== undefined && { description }),
    security: open ? [] : [{ bearer: [] }],
    request: {
      ...(names.length > 0 && { params: parameters }),
      ...(query && { query }),
      ...(headers && { headers }),
      ...(body && {
        body: { content: { [method === 'put' ? 'application/octet-stream' : 'application/json']: { schema: body } } },
      }),
    },
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, responseOf(Number(status), answer)]),
      ),
      default: { description: 'The error envelope', content: { 'application/json': { schema: errorEnvelope } } },
    },
  };
}

function responseOf(
  status: number,
  answer: Operation['answers'][number] | undefined,
): RouteConfig['responses'][string] {
  const description = DESCRIPTIONS[status] ?? 'Done';
  if (answer === null || answer === undefined) return { description };
  if (typeof answer === 'string') return { description, content: { [answer]: { schema: z.string() } } };
  return { description, content: { 'application/json': { schema: answer } } };
}

const DESCRIPTIONS: Record<number, string> = {
  200: 'Done',
  201: 'Made',
  202: 'Begun',
  204: 'Done; nothing to say',
  206: 'The range that was asked for',
};
