import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelRef } from '@sandpiper/protocol';
import type { Agent, AgentSurroundings } from '../gateway.ts';
import { newId } from '../ids.ts';
import { readMcpConfig } from '../mcp/config.ts';
import { connectMcpServers } from '../mcp/servers.ts';
import { createProviders } from '../providers/providers.ts';
import { readModelSettings } from '../providers/settings.ts';
import { createRuns } from '../runs/create-runs.ts';
import { createToolbox } from './tools/toolbox.ts';

export interface AgentSettings {
  /** Where `providers.json` and `mcp.json` are looked for. */
  configDir: string;
  /** For keys and what `${NAME}` in `mcp.json` stands for. */
  env: Record<string, string | undefined>;
  version?: string;
}

/**
 * Makes the agent of a gateway from its configuration.
 * Throws `PROVIDERS_INVALID` and `MCP_CONFIG_INVALID`, each one line that names the thing; a server or model that does not answer is no
 * reason not to start.
 */
export async function createAgent(surroundings: AgentSurroundings, settings: AgentSettings): Promise<Agent> {
  const { hub, computers, artefacts, sessions, log } = surroundings;
  const { configDir, env } = settings;
  const providers = createProviders(readModelSettings(env, await readIfThere(configDir, 'providers.json')));
  const mcpFile = await readIfThere(configDir, 'mcp.json');
  const mcpConfigs = mcpFile === undefined ? [] : readMcpConfig(mcpFile);

  const mcp = connectMcpServers(mcpConfigs, { version: settings.version ?? '0', env, logger: log, artefacts });
  const toolbox = createToolbox({ computers, artefacts, sources: [mcp] });
  const listActive = async (): Promise<string[]> => (await sessions.listActive()).map(({ id }) => id);
  const runs = createRuns({ hub, providers, toolbox, artefacts, listActive, logger: log, newId });
  return {
    runs,
    models: () => providers.list(),
    checkModel: (ref: ModelRef) => void providers.resolve(ref),
    mcpServers: () => mcp.list(),
    async close() {
      await runs.close();
      await mcp.close();
    },
  };
}

async function readIfThere(dir: string, name: string): Promise<{ path: string; text: string } | undefined> {
  const file = path.join(dir, name);
  try {
    return { path: file, text: await readFile(file, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
