import type { Claims } from '@sandpiper/capability';
import { keepAwakeRequest, suspendRequest } from '@sandpiper/protocol';
import express, { type RequestHandler } from 'express';
import type { Activity } from '../activity.ts';
import type { Route } from '../group.ts';
import { describeTool, type Registry } from '../registry.ts';
import { signalOf } from './call-signal.ts';
import { parseRequest } from './failure.ts';

const TOOL_BODY_LIMIT_BYTES = 20 * 1024 * 1024;

/** `GET /v1/tools` and `POST /v1/tools/{name}`. */
export function toolRoutes(registry: Registry): Route[] {
  // Schemas do not change while the process lives.
  const list = registry.list().map(describeTool);
  return [
    {
      method: 'get',
      path: '/v1/tools',
      scopes: ['tools'],
      summary: 'The tools of this sandbox with their schemas',
      isWork: false,
      handler: (_request, response) => void response.json({ tools: list }),
    },
    {
      method: 'post',
      path: '/v1/tools/:name',
      scopes: ['tools'],
      summary: 'Calls a tool; the body is its input',
      // The registry counts the call, so that MCP and HTTP are counted alike.
      isWork: false,
      handler: withJson(TOOL_BODY_LIMIT_BYTES, async (request, response) => {
        const { subject } = response.locals['claims'] as Claims;
        const name = String(request.params['name']);
        const output = await registry.call(name, request.body ?? {}, { signal: signalOf(response), subject });
        response.json(output);
      }),
    },
  ];
}

/** How the operator or manager puts the sandbox to sleep, and how the gateway keeps it awake. */
export function lifecycleRoutes(activity: Activity): Route[] {
  return [
    {
      method: 'post',
      path: '/v1/suspend',
      scopes: ['lifecycle'],
      summary: 'Agrees to be suspended if idle for long enough, and then takes no more work',
      isWork: false,
      handler: withJson(1024, (request, response) => {
        const { ifIdleForMs } = parseRequest(suspendRequest, request.body);
        response.json(activity.suspend(ifIdleForMs));
      }),
    },
    {
      method: 'delete',
      path: '/v1/suspend',
      scopes: ['lifecycle'],
      summary: 'Takes work again, after a suspension that did not come about',
      isWork: false,
      handler: (_request, response) => {
        activity.reopen();
        response.status(204).end();
      },
    },
    {
      method: 'post',
      path: '/v1/keep-awake',
      scopes: ['session'],
      summary: 'Counts as busy for a while',
      isWork: false,
      handler: withJson(1024, (request, response) => {
        activity.assertOpen();
        activity.keepAwake(parseRequest(keepAwakeRequest, request.body).forMs);
        response.status(204).end();
      }),
    },
  ];
}

/** A handler whose JSON body is parsed first. Any content type is taken for JSON: there is nothing else to mean. */
export function withJson(limitBytes: number, handler: RequestHandler): RequestHandler {
  const parse = express.json({ limit: limitBytes, type: () => true });
  return (request, response, next) => {
    parse(request, response, (error?: unknown) => {
      if (error) next(error);
      else Promise.resolve(handler(request, response, next)).catch(next);
    });
  };
}
