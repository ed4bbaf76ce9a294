import path from 'node:path';
import type { Signer } from '@sandpiper/capability';
import type { InstanceClient } from '@sandpiper/instance';
import type {
  McpServersResponse,
  ModelRef,
  ModelsResponse,
  SandboxView,
  SessionListChange,
  SystemInfo,
} from '@sandpiper/protocol';
import type { Endpoint, Sandboxes } from '@sandpiper/sandboxes';
import type { Logger } from 'pino';
import { createArtefactRoutes } from './artefacts/routes.ts';
import { createStoredArtefacts } from './artefacts/stored-artefacts.ts';
import type { ArtefactStore } from './artefacts/artefacts.ts';
import { createAccessTokens } from './auth/access-tokens.ts';
import { createAuth } from './auth/auth.ts';
import type { Computers } from './computers/computers.ts';
import { createControlLeases } from './control/control-leases.ts';
import { createTellComputer } from './control/tell-computer.ts';
import { createNoComputers } from './computers/no-computers.ts';
import { createComputerRoutes } from './computers/routes.ts';
import { createSandboxComputers } from './computers/sandbox-computers.ts';
import { createDocsRoutes } from './docs/routes.ts';
import { createFileRoutes } from './files/routes.ts';
import { createApp } from './http/app.ts';
import { createHostPolicy } from './http/hosts.ts';
import { createHttpServer, urlOf } from './http/server.ts';
import { createCatalogueRoutes, createSystemRoutes } from './http/system-routes.ts';
import { createUiRoutes } from './http/ui.ts';
import { createUpgradeRouter } from './http/upgrades.ts';
import { createMetrics } from './observability/metrics.ts';
import { createProbeRoutes } from './observability/routes.ts';
import type { Runs } from './runs/runs.ts';
import { createMemoryBus } from './sessions/bus.ts';
import type { SessionFrame, SessionHub } from './sessions/hub.ts';
import { createLiveHub } from './sessions/live-hub.ts';
import { createSessionRoutes } from './sessions/routes.ts';
import { openSqliteStores } from './stores/sqlite/stores.ts';
import type { SessionStore } from './stores/stores.ts';
import { createStreamRoutes } from './stream/routes.ts';
import { createMemoryTicketStore, createTickets } from './tickets/tickets.ts';
import { createViewerRoutes } from './viewers/viewer-routes.ts';
import { mountViewerSockets } from './viewers/viewer-sockets.ts';

/** What the agent is given to work with. */
export interface AgentSurroundings {
  hub: SessionHub;
  computers: Computers;
  artefacts: ArtefactStore;
  sessions: SessionStore;
  log: Logger;
}

/** The agent: models, tools of MCP servers, and the runs that use both. */
export interface Agent {
  readonly runs: Runs;
  models(): ModelsResponse;
  /** Throws `MODEL_NOT_AVAILABLE`. */
  checkModel(model: ModelRef): void;
  mcpServers(): McpServersResponse;
  /** Lets go of its runs, and ends what it opened. */
  close(): Promise<void>;
}

export interface GatewayParts {
  version: string;
  /** Holds the database; taken with `acquireDataDir` by whoever calls. */
  dataDir: string;
  /** Signs access tokens; at least 32 bytes. */
  secret: string;
  /** Whether strangers may register. */
  registration: boolean;
  log: Logger;
  createAgent: (surroundings: AgentSurroundings) => Agent | Promise<Agent>;
  /** Absent on a host that can run no computers; `notes` then says why. */
  computers?: {
    sandboxes: Sandboxes;
    /** Issuer `gateway`. */
    signer: Signer;
    connectInstance: (endpoint: Endpoint, signer: Signer) => InstanceClient;
    confinement?: SandboxView['confinement'];
    /** Throws `NOT_READY` while nothing is known of any computer. */
    checkReady?: () => Promise<void>;
  };
  /** Why there are no computers, or what is weaker than it should be; each sentence says the way out. */
  notes?: readonly string[];
  /** The built frontend. */
  uiDir?: string;
  /** Host names, beside loopback and IP addresses, under which this server answers. */
  allowedHosts?: readonly string[];
  /** Origins, beside its own, whose pages may use it. */
  allowedOrigins?: readonly string[];
  /** Whether browsers come by https only: Secure cookies, HSTS. */
  secure?: boolean;
  trustedProxies?: number;
}

export interface Gateway {
  /** Throws `PORT_IN_USE` or `ADDRESS_REFUSED`. Resolves with the URL; port 0 takes a free one. */
  listen(address: { host: string; port: number }): Promise<string>;
  readonly auth: {
    /** A code that signs the person of this machine in, once: `<url>/#code=<code>` or what the page expects. */
    issueLoginCode(): { code: string; expiresAtMs: number };
  };
  /** Ids of all sessions: computers of any other have lost theirs. */
  sessionIds(): Promise<Set<string>>;
  /** Ends streams, sockets and runs' hold on their sessions, in that order; what was stored stays. */
  close(): Promise<void>;
}

/**
 * Puts the parts of the gateway together. Nothing listens before `listen`; runs left by a crash go on then.
 * Throws `SECRET_MISSING`, and what `createAgent` throws; then nothing stays open.
 */
export async function createGateway(parts: GatewayParts): Promise<Gateway> {
  const opened: Opened = [];
  try {
    return await compose(parts, opened);
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

/** How to close what was opened, in the order of opening. */
type Opened = (() => void | Promise<void>)[];

async function closeAll(opened: Opened): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close();
}

async function compose(parts: GatewayParts, opened: Opened): Promise<Gateway> {
  const { log, secure = false } = parts;
  const accessTokens = createAccessTokens(parts.secret);
  const metrics = createMetrics();
  const hosts = createHostPolicy(parts.allowedHosts, parts.allowedOrigins);
  const stores = openSqliteStores(path.join(parts.dataDir, 'sandpiper.db'));
  opened.push(() => stores.close());
  const auth = createAuth({ stores, hosts, accessTokens, registration: parts.registration, secure });
  const { access } = auth;

  const listChanges = createMemoryBus<SessionListChange>();
  const hub = createLiveHub({ stores, frames: createMemoryBus<SessionFrame>(), listChanges, log, meter: metrics });
  opened.push(() => hub.close());
  const sandboxComputers =
    parts.computers &&
    createSandboxComputers({ ...parts.computers, hub, sessions: stores.sessions, log, notes: parts.notes ?? [] });
  const computers = sandboxComputers ?? createNoComputers(parts.notes ?? []);
  opened.push(() => computers.close());
  const artefacts = createStoredArtefacts(stores.artefacts);
  const agent = await parts.createAgent({ hub, computers, artefacts, sessions: stores.sessions, log });
  opened.push(() => agent.close());

  const tickets = createTickets(createMemoryTicketStore());
  const control = createControlLeases({ hub, tell: createTellComputer({ computers, log }) });
  opened.push(() => control.close());

  const system = (): SystemInfo => ({
    version: parts.version,
    registration: parts.registration,
    computers: { available: computers.available, notes: computers.notes },
  });
  const checkReady = async (): Promise<void> => {
    await stores.check();
    await parts.computers?.checkReady?.();
  };
  const streams = createStreamRoutes({ access, hub, events: stores.events, listChanges, log, meter: metrics });
  const app = createApp({
    hosts,
    log,
    metrics,
    secure,
    trustedProxies: parts.trustedProxies ?? 0,
    authenticate: access.authenticate,
    routes: {
      site: [createProbeRoutes({ metrics, checkReady }), createDocsRoutes(parts.version)],
      open: [createSystemRoutes(system), auth.router],
      bytes: [streams.router, createFileRoutes({ access, computers })],
      json: [
        createSessionRoutes({ access, hub, stores, computers, agent, metrics }),
        createComputerRoutes({ access, computers }),
        createViewerRoutes({ access, tickets, control }),
        createArtefactRoutes({ access, artefacts }),
        createCatalogueRoutes(agent),
      ],
      pages: parts.uiDir === undefined ? [] : [createUiRoutes(parts.uiDir)],
    },
  });
  const server = createHttpServer(app);
  const upgrades = createUpgradeRouter({ hosts, log });
  server.server.on('upgrade', upgrades.listener);
  const viewers = mountViewerSockets({ upgrades, tickets, hub, computers, control });
  opened.push(() => server.close());
  opened.push(() => viewers.close());
  opened.push(() => upgrades.close());
  opened.push(() => streams.close());

  return {
    async listen(address) {
      const url = urlOf(await server.listen(address));
      await sandboxComputers?.catchUp();
      await agent.runs.resume();
      return url;
    },
    sessionIds: async () => new Set(await stores.sessions.listIds()),
    auth: { issueLoginCode: () => auth.loginCodes.issue() },
    close: () => closeAll(opened),
  };
}
