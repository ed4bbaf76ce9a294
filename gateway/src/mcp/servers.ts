import type { CodedError } from '@sandpiper/protocol';
import type { McpServersResponse } from '@sandpiper/protocol';
import type { ToolSource } from '../agent/tools/toolbox.ts';
import type { AgentTool } from '../agent/tools/tool.ts';
import type { ArtefactStore } from '../artefacts/artefacts.ts';
import type { McpServerConfig } from './config.ts';
import { McpConnection } from './connection.ts';
import type { ConnectionParts } from './connection.ts';
import { mcpErrors } from './errors.ts';
import { modelToolName } from './names.ts';
import { readResult } from './results.ts';

export interface McpServers extends ToolSource {
  /** Answer of `GET mcp/servers`. */
  list(): McpServersResponse;
  /** Resolves when each server was tried once; nothing else waits for a server. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Connects to all servers at once, in the background: one that is broken holds up neither the start nor a run. */
export function connectMcpServers(
  configs: readonly McpServerConfig[],
  parts: ConnectionParts & { artefacts: ArtefactStore },
): McpServers {
  const connections = configs.map((config) => new McpConnection(config, parts));
  const connected = (): McpConnection[] => connections.filter(({ status }) => status === 'connected');
  return {
    servers: () => connected().map(({ config }) => config.name),
    tools: () => connected().flatMap((connection) => toolsOf(connection, parts.artefacts)),
    list: () => ({
      servers: connections.map(({ config, status, error, tools }) => ({
        name: config.name,
        transport: config.transport,
        status,
        ...(error === undefined || status === 'connected' ? {} : { error }),
        tools: tools.map((tool) => ({
          name: modelToolName(config.name, tool.name),
          title: tool.title ?? tool.annotations?.title ?? tool.name,
          description: (tool.description ?? '').slice(0, 2_000),
        })),
      })),
    }),
    async settled() {
      await Promise.all(connections.map(({ firstAttempt }) => firstAttempt));
    },
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

function toolsOf(connection: McpConnection, artefacts: ArtefactStore): AgentTool[] {
  const server = connection.config.name;
  return connection.tools.map((tool) => ({
    name: modelToolName(server, tool.name),
    server,
    description: (tool.description ?? tool.title ?? tool.name).slice(0, 4_000),
    parameters: tool.inputSchema,
    async run(input, context) {
      const result = await connection.call(tool.name, input, context.signal);
      const { text, pictures } = readResult(result);
      if (result.isError === true) throw toolError(server, tool.name, text);
      for (const { mimeType, bytes } of pictures) {
        const artefact = await artefacts
          .put(context.log.sessionId, 'screenshot', mimeType, bytes)
          .catch(() => undefined);
        if (artefact) context.keep(artefact);
      }
      return text;
    },
  }));
}

function toolError(server: string, tool: string, text: string): CodedError {
  return mcpErrors.MCP_TOOL_ERROR({ server, tool, text: text === '' ? 'without saying which' : text });
}
