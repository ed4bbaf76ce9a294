import {
  answerRequest,
  createSessionRequest,
  startRunRequest,
  updateSessionRequest,
  type EventPage,
  type ModelRef,
  type SessionPage,
} from '@sandpiper/protocol';
import { Router, type Request } from 'express';
import { z } from 'zod';
import type { Access } from '../auth/access.ts';
import type { Computers } from '../computers/computers.ts';
import { invalid, parse, parseBody } from '../http/requests.ts';
import { newId } from '../ids.ts';
import type { Runs } from '../runs/runs.ts';
import type { Stores } from '../stores/stores.ts';
import { endRun } from './end-run.ts';
import type { LiveHub } from './live-hub.ts';
import { summaryOf } from './record.ts';

export interface SessionRoutesParts {
  access: Access;
  hub: LiveHub;
  stores: Pick<Stores, 'sessions' | 'events'>;
  computers: Computers;
  /** `checkModel` throws when there is no such model. */
  agent: { readonly runs: Runs; checkModel(model: ModelRef): void };
  metrics: { runStarted(): void };
}

const pageQuery = z.strictObject({
  cursor: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(30),
});
const eventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
const idempotencyKey = z.string().regex(/^[\x21-\x7e]{1,200}$/);

/** `sessions` and what happens in one: its log as pages, runs, answers. */
export function createSessionRoutes({ access, hub, stores, computers, agent, metrics }: SessionRoutesParts): Router {
  const router = Router();
  const { runs } = agent;
  const checkModel = (model: ModelRef | undefined): void => {
    if (model) agent.checkModel(model);
  };

  router.post('/sessions', async (request, response) => {
    const { model } = parseBody(request, createSessionRequest);
    checkModel(model);
    const now = new Date().toISOString();
    const record = await hub.create({
      id: newId('session'),
      ownerId: access.callerOf(request).user.id,
      title: null,
      model: model ?? null,
      state: 'idle',
      sandbox: { phase: 'none' },
      lastSeq: 0,
      createdAt: now,
      updatedAt: now,
    });
    response.status(201).location(`/api/v1/sessions/${record.id}`).json(summaryOf(record));
  });

  router.get('/sessions', async (request, response) => {
    const { cursor, limit } = parse(pageQuery, request.query);
    const page = { limit, ...(cursor !== undefined && { cursor }) };
    const { items, nextCursor } = await stores.sessions.list(access.callerOf(request).user.id, page);
    response.json({ items: items.map(summaryOf), nextCursor } satisfies SessionPage);
  });

  router.get('/sessions/:id', async (request, response) => {
    response.json(summaryOf(await access.sessionOf(request)));
  });

  router.patch('/sessions/:id', async (request, response) => {
    const { id } = await access.sessionOf(request);
    const { title, model } = parseBody(request, updateSessionRequest);
    checkModel(model);
    if (title !== undefined) await hub.append(id, { type: 'session.titled', title, by: 'person' });
    if (model) await hub.append(id, { type: 'session.model.changed', model });
    response.json(summaryOf(await access.sessionOf(request)));
  });

  router.delete('/sessions/:id', async (request, response) => {
    const { id } = await access.sessionOf(request);
    // First what costs something outside: should it fail, the session is still there and can be deleted again.
    await endRun(hub, runs, id);
    await computers.delete(id);
    await hub.remove(id);
    response.status(204).end();
  });

  router.get('/sessions/:id/events', async (request, response) => {
    const { id } = await access.sessionOf(request);
    const { after, limit } = parse(eventsQuery, request.query);
    const items = await stores.events.read(id, after, limit);
    response.json({ items, lastSeq: (await hub.state(id)).seq } satisfies EventPage);
  });

  router.post('/sessions/:id/runs', async (request, response) => {
    const { id } = await access.sessionOf(request);
    const key = keyOf(request);
    const body = parseBody(request, startRunRequest);
    if (body.text.trim() === '' && body.attachments.length === 0) {
      throw invalid([{ path: 'text', message: 'must say something, or come with an attachment' }]);
    }
    checkModel(body.model);
    const started = await runs.start(id, body, key);
    metrics.runStarted();
    response.status(202).json(started);
  });

  router.post('/sessions/:id/runs/:runId/stop', async (request, response) => {
    const { id } = await access.sessionOf(request);
    await runs.stop(id, request.params.runId);
    response.status(204).end();
  });

  router.post('/sessions/:id/answers', async (request, response) => {
    const { id } = await access.sessionOf(request);
    await runs.answer(id, parseBody(request, answerRequest));
    response.status(204).end();
  });

  return router;
}

function keyOf(request: Request): string {
  const key = idempotencyKey.safeParse(request.get('Idempotency-Key'));
  if (key.success) return key.data;
  throw invalid([{ path: 'Idempotency-Key', message: 'is a required header: 1 to 200 visible ASCII characters' }]);
}
