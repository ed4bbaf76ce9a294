import { controlRequest, ticketRequest } from '@sandpiper/protocol';
import type { TicketResponse } from '@sandpiper/protocol';
import { Router } from 'express';
import type { Access } from '../auth/access.ts';
import type { ControlLeases } from '../control/control-leases.ts';
import { parseBody } from '../http/requests.ts';
import type { Tickets } from '../tickets/tickets.ts';

export interface ViewerRoutesParts {
  access: Access;
  tickets: Tickets;
  control: ControlLeases;
}

/** `sessions/:id/tickets` and `sessions/:id/control`; mounted below `/api/v1`, behind `authenticate`. */
export function createViewerRoutes({ access, tickets, control }: ViewerRoutesParts): Router {
  const router = Router();

  router.post('/sessions/:id/tickets', async (request, response) => {
    const { id: sessionId } = await access.sessionOf(request);
    const { kind, mode, viewerId } = parseBody(request, ticketRequest);
    const { user } = access.callerOf(request);
    const issued = await tickets.issue({ userId: user.id, userName: user.name, sessionId, kind, mode, viewerId });
    const body: TicketResponse = {
      ticket: issued.ticket,
      url: `/ws/${kind}?ticket=${issued.ticket}`,
      expiresAt: new Date(issued.expiresAtMs).toISOString(),
    };
    response.status(201).set('Cache-Control', 'no-store').json(body);
  });

  router.post('/sessions/:id/control', async (request, response) => {
    const { id: sessionId } = await access.sessionOf(request);
    const { action, viewerId, force } = parseBody(request, controlRequest);
    const { user } = access.callerOf(request);
    const viewer = { userId: user.id, name: user.name, viewerId };
    response.json(
      action === 'take' ? await control.take(sessionId, viewer, { force }) : await control.release(sessionId, viewer),
    );
  });
  return router;
}
