import path from 'node:path';
import { createSigner, generateKeyPair } from '@sandpiper/capability';
import { acquireDataDir, createAgent, createGateway, sweepDaily } from '@sandpiper/gateway';
import type { Gateway, GatewayParts } from '@sandpiper/gateway';
import { createProcessDriver, createSandboxManager } from '@sandpiper/sandbox-manager';
import type { SandboxManager } from '@sandpiper/sandbox-manager';
import { createInstanceClient } from '@sandpiper/instance';
import type { Logger } from 'pino';
import type { Options } from './options.ts';
import type { HostReadiness } from './prepare-host.ts';
import { loadSecrets } from './secrets.ts';
import type { Secrets } from './secrets.ts';

export interface StartParts {
  options: Options;
  host: HostReadiness;
  version: string;
  /** The checkout or installation: built UI and sandbox runtime are below it. */
  root: string;
  env: NodeJS.ProcessEnv;
  log: Logger;
}

export interface Running {
  url: string;
  notes: readonly string[];
  issueLoginCode(): string;
  /** Ends streams, runs, computers; then nothing of this program lives. */
  close: () => Promise<void>;
}

/** Puts gateway and sandbox-manager into this process. What was opened is closed again when a later part fails. */
export async function startSandpiper(parts: StartParts): Promise<Running> {
  const { options, version, root, env, log } = parts;
  const opened: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of opened.splice(0).reverse()) await end();
  };
  try {
    const dataDir = acquireDataDir(options.dataDir);
    opened.push(() => dataDir.release());
    const keysDir = path.join(options.dataDir, 'keys');
    const secrets = await loadSecrets(options.dataDir, keysDir, generateKeyPair);

    const { manager, computers, notes } = await startComputers(parts, secrets, keysDir);
    if (manager) opened.push(() => manager.close('stop'));
    const gateway: Gateway = await createGateway({
      version,
      dataDir: options.dataDir,
      secret: secrets.tokenSecret,
      registration: true,
      log: log.child({ part: 'gateway' }),
      createAgent: (surroundings) => createAgent(surroundings, { configDir: options.configDir, env, version }),
      ...(computers ? { computers } : {}),
      notes,
      uiDir: path.join(root, 'frontend/dist'),
      allowedHosts: options.allowedHosts,
    });
    opened.push(() => gateway.close());
    const url = await gateway.listen({ host: options.host, port: options.port });
    if (manager) {
      const sweepSessions = (known: ReadonlySet<string>) => manager.sweepSessions(known);
      opened.push(sweepDaily({ sessionIds: () => gateway.sessionIds(), sweepSessions, log }));
    }
    return { url, notes, issueLoginCode: () => gateway.auth.issueLoginCode().code, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface ComputersOfHost {
  manager?: SandboxManager;
  computers?: NonNullable<GatewayParts['computers']>;
  notes: string[];
}

const UNCONFINED =
  'Computers run without confinement (SANDPIPER_UNCONFINED=1): what the agent runs can reach your files and your network.';

/** The sandbox-manager with the process driver; without it (chat only) where this machine cannot run computers. */
async function startComputers(
  { options, host, root, log }: StartParts,
  secrets: Secrets,
  keysDir: string,
): Promise<ComputersOfHost> {
  const possible = host.canRunComputers || (options.unconfined && host.canRunUnconfined);
  if (!possible) return { notes: host.notes };
  const logger = log.child({ part: 'sandbox-manager' });
  const driver = await createProcessDriver({
    dataDir: options.dataDir,
    runtimeDir: path.join(root, 'tool-api/dist'),
    keysDir,
    ...(options.uidRange ? { uidRange: options.uidRange } : {}),
    unconfined: options.unconfined,
    ...(options.searxngUrl === undefined ? {} : { toolEnvironment: { SANDPIPER_SEARXNG_URL: options.searxngUrl } }),
    browserSandbox: host.browserSandbox,
    logger,
  });
  const manager = await createSandboxManager({
    dataDir: options.dataDir,
    driver,
    signer: createSigner({ ...secrets.manager, issuer: 'manager' }),
    logger,
  }).catch(async (error: unknown) => {
    await driver.close('stop');
    throw error;
  });
  return {
    manager,
    computers: {
      sandboxes: manager.sandboxes,
      signer: createSigner({ ...secrets.gateway, issuer: 'gateway' }),
      confinement: driver.confinement,
      connectInstance: ({ address, uid }, signer) => createInstanceClient({ address, uid, signer }),
    },
    notes: [...(options.unconfined ? [UNCONFINED] : []), ...host.notes, ...driver.confinement.notes],
  };
}
