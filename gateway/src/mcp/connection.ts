import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { CallToolResult, Tool, Transport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Logger } from 'pino';
import { expandVariables } from './config.ts';
import type { McpServerConfig } from './config.ts';
import { mcpErrors } from './errors.ts';

export interface ConnectionParts {
  version: string;
  env: Record<string, string | undefined>;
  logger: Logger;
  /** Delay before the second attempt; doubles up to a minute. */
  firstRetryMs?: number;
  connectTimeoutMs?: number;
  callTimeoutMs?: number;
}

const MAX_RETRY_MS = 60_000;
const MAX_TOOLS = 200;

/** One server of `mcp.json`: connected as long as it can be, and connected again when it is lost. */
export class McpConnection {
  readonly config: McpServerConfig;
  status: 'connecting' | 'connected' | 'failed' | 'disabled';
  error: string | undefined;
  tools: Tool[] = [];
  readonly #parts: ConnectionParts;
  #client: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #attempts = 0;
  #closed = false;
  #connecting: Promise<void> = Promise.resolve();

  constructor(config: McpServerConfig, parts: ConnectionParts) {
    this.config = config;
    this.#parts = parts;
    this.status = config.disabled ? 'disabled' : 'connecting';
    if (!config.disabled) this.#connecting = this.#connect();
  }

  /** Resolves after the first attempt, whatever came of it. */
  get firstAttempt(): Promise<void> {
    return this.#connecting;
  }

  /** Throws `MCP_SERVER_UNAVAILABLE`, `MCP_CALL_FAILED`. */
  async call(tool: string, input: Record<string, unknown>, signal: AbortSignal): Promise<CallToolResult> {
    const { name: server } = this.config;
    const client = this.#client;
    if (client === undefined || this.status !== 'connected') {
      throw mcpErrors.MCP_SERVER_UNAVAILABLE({ server, reason: this.error ?? this.status });
    }
    try {
      const timeout = this.#parts.callTimeoutMs ?? 300_000;
      return await client.callTool({ name: tool, arguments: input }, { signal, timeout, resetTimeoutOnProgress: true });
    } catch (error) {
      throw mcpErrors.MCP_CALL_FAILED({ server, tool, reason: reasonOf(error) }, { cause: error });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#connecting;
    await this.#drop();
  }

  async #connect(): Promise<void> {
    this.#attempts++;
    const client = new Client(
      { name: 'sandpiper', version: this.#parts.version },
      {
        listChanged: {
          tools: {
            onChanged: (error, tools) => {
              if (error)
                this.#parts.logger.warn({ err: error, server: this.config.name }, 'MCP tools could not be read again');
              else if (tools && this.#client === client) this.tools = tools.slice(0, MAX_TOOLS);
            },
          },
        },
      },
    );
    try {
      const transport = this.#transport();
      this.#client = client;
      const timeout = this.#parts.connectTimeoutMs ?? 20_000;
      await client.connect(transport, { timeout });
      const { tools } = client.getServerCapabilities()?.tools
        ? await client.listTools(undefined, { timeout })
        : { tools: [] };
      this.tools = tools.slice(0, MAX_TOOLS);
      client.onclose = () => this.#lost(client, 'the connection was closed');
      client.onerror = (error) => this.#parts.logger.debug({ err: error, server: this.config.name }, 'MCP error');
      this.status = 'connected';
      this.error = undefined;
      this.#attempts = 0;
    } catch (error) {
      this.#lost(client, reasonOf(error));
      await client.close().catch(() => undefined);
    }
  }

  #lost(client: Client, reason: string): void {
    if (this.#closed || (this.#client !== client && this.#client !== undefined)) return;
    this.#client = undefined;
    this.tools = [];
    this.status = 'failed';
    this.error = reason;
    this.#parts.logger.warn({ server: this.config.name, reason }, 'MCP server is not connected');
    const delayMs = Math.min(MAX_RETRY_MS, (this.#parts.firstRetryMs ?? 1_000) * 2 ** Math.min(16, this.#attempts));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.status = 'connecting';
      this.#connecting = this.#connect();
    }, delayMs);
    this.#timer.unref();
  }

  async #drop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.tools = [];
    if (client) await client.close().catch(() => undefined);
  }

  #transport(): Transport {
    const { config } = this;
    const expand = (values: Record<string, string>): Record<string, string> =>
      Object.fromEntries(
        Object.entries(values).map(([name, value]) => [name, expandVariables(value, this.#parts.env)]),
      );
    if (config.transport === 'http') {
      return new StreamableHTTPClientTransport(new URL(expandVariables(config.url, this.#parts.env)), {
        requestInit: { headers: expand(config.headers) },
      });
    }
    const { command, args, env, cwd } = config;
    return new StdioClientTransport({
      command,
      args: args.map((arg) => expandVariables(arg, this.#parts.env)),
      // Only these and the transport's few harmless ones (HOME, PATH …): our keys are none of its business.
      env: expand(env),
      stderr: 'ignore',
      ...(cwd === undefined ? {} : { cwd }),
    });
  }
}

/** On one line and bounded: it is shown in the list of servers. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 300) || 'unknown';
}
