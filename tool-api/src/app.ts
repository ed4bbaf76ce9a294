import path from 'node:path';
import { createVerifier } from '@sandpiper/capability';
import type { Logger } from 'pino';
import { createActivity } from './activity.ts';
import type { Config } from './config.ts';
import { createComputerGroups } from './desktop/computer.ts';
import { createFilesGroup } from './files/group.ts';
import type { Group } from './group.ts';
import { openApiDocument } from './http/openapi.ts';
import { lifecycleRoutes, toolRoutes } from './http/routes.ts';
import { serve } from './http/serve.ts';
import { createMcpGroup } from './mcp/mcp.ts';
import { createRegistry } from './registry.ts';
import { loginEnvironment } from './session/environment.ts';
import { createSessionGroup } from './session/group.ts';
import { openSession } from './session/session.ts';
import { createShellGroup } from './shell/group.ts';
import { createTerminalGroup } from './terminal/group.ts';

export interface ToolApi {
  /** `unix:/path` or `http://host:port`. */
  readonly address: string;
  /** Lets calls in flight end (bounded), then ends everything that the groups run. */
  close(): Promise<void>;
}

const DRAIN_MS = 5000;

/** Puts the groups of the sandbox together and opens its port. A new group is one line here. */
export async function startToolApi(config: Config, logger: Logger, version: string): Promise<ToolApi> {
  const activity = createActivity();
  const session = await openSession({
    uid: config.uid,
    directory: path.join(config.runDir, 'state'),
    workspace: config.workspace,
  });
  const environment = (): Record<string, string> => loginEnvironment(config, session.env);
  const groups: Group[] = [
    { components: [{ name: 'toolApi', check: () => Promise.resolve('ready') }] },
    await createShellGroup(config, { activity, environment }),
    createFilesGroup(config),
    createTerminalGroup(config, { activity, environment }),
    createSessionGroup(session),
    ...createComputerGroups(config, { activity }),
  ];

  const registry = createRegistry(
    groups.flatMap((group) => group.tools ?? []),
    activity,
  );
  groups.push(createMcpGroup(registry, version), { routes: [...toolRoutes(registry), ...lifecycleRoutes(activity)] });
  const routes = groups.flatMap((group) => group.routes ?? []);
  const openApi = openApiDocument(registry, routes, version);
  routes.push({
    method: 'get',
    path: '/openapi.json',
    scopes: ['tools', 'files', 'session'],
    summary: 'This document',
    isWork: false,
    handler: (_request, response) => void response.json(openApi),
  });

  const closeGroups = async (): Promise<void> => {
    await Promise.allSettled(groups.map((group) => group.close?.() ?? Promise.resolve()));
  };
  try {
    const server = await serve({
      listen: config.listen,
      routes,
      upgrades: groups.flatMap((group) => group.upgrades ?? []),
      components: groups.flatMap((group) => group.components ?? []),
      verifier: createVerifier({ keysDir: config.keysDir, uid: config.uid }),
      activity,
      logger,
    });
    return {
      address: server.address,
      async close() {
        await server.close(DRAIN_MS);
        await closeGroups();
      },
    };
  } catch (error) {
    await closeGroups();
    throw error;
  }
}
