import { Router, type Request } from 'express';
import type { Access } from '../auth/access.ts';
import type { Computers } from './computers.ts';

/** `sessions/{id}/sandbox`: how the computer is, and the person's wish that it rest or run. */
export function createComputerRoutes({ access, computers }: { access: Access; computers: Computers }): Router {
  const router = Router();
  const own = async (request: Request): Promise<string> => (await access.sessionOf(request)).id;

  router.get('/sessions/:id/sandbox', async (request, response) => {
    response.json(await computers.view(await own(request)));
  });
  router.post('/sessions/:id/sandbox/suspend', async (request, response) => {
    const id = await own(request);
    await computers.suspend(id);
    response.json(await computers.view(id));
  });
  router.post('/sessions/:id/sandbox/wake', async (request, response) => {
    const id = await own(request);
    await computers.wake(id);
    response.json(await computers.view(id));
  });
  return router;
}
