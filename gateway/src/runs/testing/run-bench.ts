import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SessionEvent, SessionListChange, SessionState } from '@sandpiper/protocol';
import { startModelServer } from '@sandpiper/testing';
import type { ModelServer } from '@sandpiper/testing';
import { pino } from 'pino';
import { createStoredArtefacts } from '../../artefacts/stored-artefacts.ts';
import { createNoComputers } from '../../computers/no-computers.ts';
import type { AgentTool, Toolbox } from '../../agent/tools/tool.ts';
import { createToolbox } from '../../agent/tools/toolbox.ts';
import { newId } from '../../ids.ts';
import { createOpenAiProvider } from '../../providers/openai/openai-provider.ts';
import { providersOf } from '../../providers/providers.ts';
import { createMemoryBus } from '../../sessions/bus.ts';
import type { SessionFrame } from '../../sessions/hub.ts';
import { createLiveHub } from '../../sessions/live-hub.ts';
import type { LiveHub } from '../../sessions/live-hub.ts';
import { openSqliteStores } from '../../stores/sqlite/stores.ts';
import type { Stores } from '../../stores/stores.ts';
import type { BudgetLimits } from '../../agent/budget.ts';
import { createRuns } from '../create-runs.ts';
import type { RunsParts } from '../create-runs.ts';
import type { Runs } from '../runs.ts';

export interface RunBench {
  model: ModelServer;
  runs: Runs;
  hub: LiveHub;
  stores: Stores;
  logged: Record<string, unknown>[];
  newSession(): Promise<string>;
  state(sessionId: string): Promise<SessionState>;
  events(sessionId: string): Promise<SessionEvent[]>;
  /** Resolves with the state that fits, as soon as there is one. */
  until(sessionId: string, fits: (state: SessionState) => boolean): Promise<SessionState>;
  /** As after SIGKILL: the process's memory is gone, nothing was said goodbye to. Partials are as they were last stored. */
  crash(): Promise<void>;
  close(): Promise<void>;
}

export interface BenchOptions {
  tools?: AgentTool[];
  budget?: BudgetLimits;
  timeouts?: { firstChunkMs: number; betweenChunksMs: number };
  baseUrl?: string;
  toolbox?: (surroundings: Pick<RunsParts, 'artefacts'>) => Toolbox;
  providers?: RunsParts['providers'];
}

/** Runs on the real hub and a real database, with the real `openai` client against a scripted server. */
export async function startRunBench(options: BenchOptions = {}): Promise<RunBench> {
  const dir = await mkdtemp(path.join(tmpdir(), 'sandpiper-runs-'));
  const model = await startModelServer();
  const logged: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const stores = openSqliteStores(path.join(dir, 'test.db'));
  const createdAt = new Date().toISOString();
  await stores.users.create({
    id: 'user',
    email: 'a@b.example',
    name: 'A',
    kind: 'account',
    createdAt,
    passwordHash: null,
  });
  const artefacts = createStoredArtefacts(stores.artefacts);
  const provider = createOpenAiProvider(
    {
      id: 'test',
      name: 'Test Provider',
      baseUrl: options.baseUrl ?? model.baseUrl,
      keyVariable: 'TEST_API_KEY',
      apiKey: 'key',
      headers: {},
      models: [{ id: 'scripted', name: 'Scripted', vision: true }],
    },
    options.timeouts,
  );
  const open = (): { hub: LiveHub; runs: Runs } => {
    const hub = createLiveHub({
      stores,
      frames: createMemoryBus<SessionFrame>(),
      listChanges: createMemoryBus<SessionListChange>(),
      log,
      storePartialsEveryMs: 20,
    });
    const tools: Toolbox = createToolbox({
      computers: createNoComputers([]),
      artefacts,
      sources: [{ servers: () => [], tools: () => options.tools ?? [] }],
    });
    const runs = createRuns({
      hub,
      providers: options.providers ?? providersOf([provider]),
      toolbox: options.toolbox?.({ artefacts }) ?? tools,
      artefacts,
      listActive: async () => (await stores.sessions.listActive()).map(({ id }) => id),
      logger: log,
      newId,
      retry: { maxAttempts: 3, firstDelayMs: 5, maxDelayMs: 2_000 },
      ...(options.budget ? { budget: options.budget } : {}),
    });
    return { hub, runs };
  };
  let live = open();
  const crashed: Runs[] = [];

  return {
    model,
    logged,
    stores,
    get hub() {
      return live.hub;
    },
    get runs() {
      return live.runs;
    },
    async newSession() {
      const at = new Date().toISOString();
      const id = newId('session');
      const record = {
        id,
        ownerId: 'user',
        title: null,
        model: null,
        state: 'idle' as const,
        sandbox: { phase: 'none' as const },
      };
      await live.hub.create({ ...record, lastSeq: 0, createdAt: at, updatedAt: at });
      return id;
    },
    state: (sessionId) => live.hub.state(sessionId),
    events: (sessionId) => stores.events.read(sessionId, 0, 10_000),
    async until(sessionId, fits) {
      const { promise, resolve } = Promise.withResolvers<SessionState>();
      const look = (): void => void live.hub.state(sessionId).then((state) => fits(state) && resolve(state));
      const unsubscribe = live.hub.subscribe(sessionId, look);
      look();
      return promise.finally(unsubscribe);
    },
    async crash() {
      const before = live;
      crashed.push(before.runs);
      // What the old process would still do no longer reaches the log.
      before.hub.append = () => new Promise(() => undefined);
      before.hub.grow = () => undefined;
      await before.hub.close();
      live = open();
    },
    async close() {
      await live.runs.close();
      await live.hub.close();
      await model.close();
      stores.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export const ended = (state: SessionState): boolean => state.activeRunId === null && Object.keys(state.runs).length > 0;
