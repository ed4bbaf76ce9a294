import type { Claims } from '@sandpiper/capability';
import { keepAwakeRequest, suspendRequest } from '@sandpiper/protocol';
import type { Activity } from '../activity.ts';
import type { Route } from '../group.ts';
import { describeTool, type Registry } from '../registry.ts';
import { signalOf } from './call-signal.ts';
import { parseRequest } from './failure.ts';
import { readJson } from './read-json.ts';

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
      handler: async (request, response) => {
        const { subject } = response.locals['claims'] as Claims;
        const signal = signalOf(response);
        const input = await readJson(request, TOOL_BODY_LIMIT_BYTES);
        response.json(await registry.call(String(request.params['name']), input, { signal, subject }));
      },
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
      handler: async (request, response) => {
        const { ifIdleForMs } = parseRequest(suspendRequest, await readJson(request, 1024));
        response.json(activity.suspend(ifIdleForMs));
      },
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
      handler: async (request, response) => {
        const { forMs } = parseRequest(keepAwakeRequest, await readJson(request, 1024));
        activity.assertOpen();
        activity.keepAwake(forMs);
        response.status(204).end();
      },
    },
  ];
}
