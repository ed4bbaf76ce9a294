import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { CallToolResult, McpHttpHandler } from '@modelcontextprotocol/server';
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';
import type { Group, Route } from '../group.ts';
import { signalOf } from '../http/call-signal.ts';
import { toCodedError } from '../http/failure.ts';
import { describeTool, type Registry } from '../registry.ts';

/**
 * The sandbox's tools as an MCP server over streamable HTTP, stateless: every request stands for itself, so that nothing is lost
 * with a restart. https://modelcontextprotocol.io/specification
 */
export function createMcpGroup(registry: Registry, version: string): Group {
  let opening: Promise<McpHttpHandler> | undefined;
  const route = (method: Route['method']): Route => ({
    method,
    path: '/mcp',
    scopes: ['tools'],
    summary: 'MCP over streamable HTTP',
    // The registry counts the calls themselves; a listening client is no work.
    isWork: false,
    handler: async (request, response) => {
      opening ??= openHandler(registry, version);
      const handler = await opening;
      const answer = await handler.fetch(toWebRequest(request, signalOf(response)));
      await sendWebResponse(answer, response);
    },
  });
  return { routes: [route('post'), route('get'), route('delete')], close: async () => (await opening)?.close() };
}

async function openHandler(registry: Registry, version: string): Promise<McpHttpHandler> {
  // Loaded with the first request: most sandboxes never see one, and all of them should start fast.
  const { createMcpHandler, McpServer } = await import('@modelcontextprotocol/server');
  const tools = registry.list().map(describeTool);
  return createMcpHandler(({ requestInfo }) => {
    // The low-level server takes our schemas as they are and leaves checking to the registry.
    const mcp = new McpServer({ name: 'sandpiper', version }, { capabilities: { tools: {} } });
    const { server } = mcp;
    server.setRequestHandler('tools/list', () => ({ tools: tools as never }));
    server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
      // A client that hangs up must end the tool, in either era of the protocol: so both signals count.
      const signal = requestInfo ? AbortSignal.any([mcpReq.signal, requestInfo.signal]) : mcpReq.signal;
      return callTool(registry, params.name, params.arguments ?? {}, signal);
    });
    return mcp;
  });
}

async function callTool(
  registry: Registry,
  name: string,
  input: unknown,
  signal: AbortSignal,
): Promise<CallToolResult> {
  try {
    const output = await registry.call(name, input, { signal, subject: undefined });
    const tool = registry.find(name);
    return {
      content: tool?.present ? tool.present(output) : [{ type: 'text', text: JSON.stringify(output) }],
      structuredContent: output as Record<string, unknown>,
    };
  } catch (thrown) {
    // The model should see what went wrong and mend it, so that a tool's failure is a result and not a protocol error.
    const envelope = toCodedError(thrown).toEnvelope();
    return { isError: true, content: [{ type: 'text', text: JSON.stringify(envelope) }] };
  }
}

function toWebRequest(request: ExpressRequest, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // The token was checked here and is nobody else's business.
    if (name !== 'authorization' && value !== undefined)
      headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  const hasBody = request.method === 'POST';
  return new Request(new URL(request.originalUrl, 'http://sandbox'), {
    method: request.method,
    headers,
    signal,
    ...(hasBody ? { body: Readable.toWeb(request), duplex: 'half' as const } : {}),
  });
}

async function sendWebResponse(answer: Response, response: ExpressResponse): Promise<void> {
  response.status(answer.status);
  answer.headers.forEach((value, name) => response.setHeader(name, value));
  if (!answer.body) {
    response.end();
    return;
  }
  response.flushHeaders();
  // A client that hangs up in the middle of a stream is no failure of ours.
  await pipeline(Readable.fromWeb(answer.body), response).catch(() => undefined);
}
