import type { McpServersResponse, ModelsResponse, SystemInfo } from '@sandpiper/protocol';
import { Router } from 'express';

/** `system`, which the sign-in page reads. */
export function createSystemRoutes(system: () => SystemInfo): Router {
  const router = Router();
  router.get('/system', (_request, response) => {
    response.set('Cache-Control', 'no-store').json(system());
  });
  return router;
}

/** `models` and `mcp/servers`. */
export function createCatalogueRoutes(catalogue: {
  models(): ModelsResponse;
  mcpServers(): McpServersResponse;
}): Router {
  const router = Router();
  router.get('/models', (_request, response) => {
    response.json(catalogue.models());
  });
  router.get('/mcp/servers', (_request, response) => {
    response.json(catalogue.mcpServers());
  });
  return router;
}
