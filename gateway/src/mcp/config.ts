import { issuesOf } from '@sandpiper/protocol';
import { z } from 'zod';
import { mcpErrors } from './errors.ts';

export type McpServerConfig = { name: string; disabled: boolean } & (
  | { transport: 'stdio'; command: string; args: string[]; env: Record<string, string>; cwd: string | undefined }
  | { transport: 'http'; url: string; headers: Record<string, string> }
);

const serverName = z
  .string()
  .regex(/^[^\s/]{1,64}$/, 'is not a server name: no spaces or slashes, at most 64 characters');

const stdioServer = z.strictObject({
  type: z.literal('stdio').optional(),
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().min(1).optional(),
  disabled: z.boolean().default(false),
});

const httpServer = z.strictObject({
  type: z.enum(['http', 'streamable-http', 'streamableHttp']).optional(),
  url: z.url({ protocol: /^https?$/, error: 'is not an http or https URL' }),
  headers: z.record(z.string(), z.string()).default({}),
  disabled: z.boolean().default(false),
});

const configFile = z.strictObject({ mcpServers: z.record(serverName, z.looseObject({})) });

/**
 * Reads `mcp.json`. Values of `env` and `headers` are kept as written: `${NAME}` is filled in when the server is connected.
 * @param file  path (for messages) and content
 * @throws CodedError `MCP_CONFIG_INVALID`: one line with file, path in it and problem
 */
export function readMcpConfig(file: { path: string; text: string }): McpServerConfig[] {
  const top = configFile.safeParse(parseJson(file));
  if (!top.success) throw invalid(file.path, top.error);
  return Object.entries(top.data.mcpServers).map(([name, entry]) => {
    const at = ['mcpServers', name];
    if ('command' in entry && 'url' in entry)
      throw invalid(file.path, at, 'has both command and url; a server has one of them');
    if ('command' in entry) {
      const parsed = stdioServer.safeParse(entry);
      if (!parsed.success) throw invalid(file.path, parsed.error, '', at);
      const { command, args, env, cwd, disabled } = parsed.data;
      return { name, disabled, transport: 'stdio', command, args, env, cwd };
    }
    if (!('url' in entry)) throw invalid(file.path, at, 'needs command (stdio) or url (streamable HTTP)');
    const parsed = httpServer.safeParse(entry);
    if (!parsed.success) throw invalid(file.path, parsed.error, '', at);
    return {
      name,
      disabled: parsed.data.disabled,
      transport: 'http',
      url: parsed.data.url,
      headers: parsed.data.headers,
    };
  });
}

/**
 * Fills in `${NAME}` from the environment.
 * @throws Error that names the variable which is not set
 */
export function expandVariables(text: string, env: Record<string, string | undefined>): string {
  return text.replaceAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_, name: string) => {
    const value = env[name];
    if (value === undefined) throw new Error(`the variable ${name} is not set`);
    return value;
  });
}

function parseJson(file: { path: string; text: string }): unknown {
  try {
    return JSON.parse(file.text);
  } catch (error) {
    throw invalid(file.path, [], `is not JSON (${(error as Error).message.replaceAll(/\s+/g, ' ')})`);
  }
}

function invalid(file: string, problem: z.ZodError | string[], text = '', at: string[] = []): Error {
  if (Array.isArray(problem)) {
    return mcpErrors.MCP_CONFIG_INVALID({ file, path: problem.join('.') || '(top)', problem: text });
  }
  const [first] = issuesOf(problem);
  const path = [...at, first?.path ?? ''].filter((part) => part !== '').join('.');
  return mcpErrors.MCP_CONFIG_INVALID({ file, path: path || '(top)', problem: first?.message ?? 'is not valid' });
}
