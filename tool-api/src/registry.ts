import { CodedError, inputJsonSchema } from '@sandpiper/protocol';
import { z } from 'zod';
import type { Activity } from './activity.ts';
import { errors } from './errors.ts';
import { parseRequest } from './http/failure.ts';
import type { Tool, ToolContext } from './tool.ts';

/** All tools of the sandbox under their names, called in the same way whether HTTP or MCP asks. */
export interface Registry {
  list(): readonly Tool[];
  find(name: string): Tool | undefined;
  /** Parses, runs, parses. Throws CodedErrors: TOOL_NOT_FOUND, INVALID_REQUEST with paths, SUSPENDING, or what the tool says. */
  call(name: string, input: unknown, context: ToolContext): Promise<unknown>;
}

export function createRegistry(tools: readonly Tool[], activity: Activity): Registry {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  if (byName.size !== tools.length) throw new Error('Two tools have the same name.');

  return {
    list: () => tools,
    find: (name) => byName.get(name),
    async call(name, input, context) {
      const tool = byName.get(name);
      if (!tool) throw errors.TOOL_NOT_FOUND({ name });
      const parsed = parseRequest(tool.input, input);
      const end = activity.begin('call');
      try {
        return tool.output.parse(await tool.handler(parsed, context));
      } catch (error) {
        if (context.signal.aborted && !(error instanceof CodedError)) throw errors.CANCELLED({}, { cause: error });
        throw error;
      } finally {
        end();
      }
    },
  };
}

/** A tool as `GET /v1/tools` and MCP describe it. */
export function describeTool(tool: Tool): {
  name: string;
  title: string;
  description: string;
  inputSchema: Record<string, unknown>;
  outputSchema: Record<string, unknown>;
  annotations: Tool['annotations'];
} {
  const { $schema: _, ...outputSchema } = z.toJSONSchema(tool.output, { io: 'output', unrepresentable: 'any' });
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: inputJsonSchema(tool),
    outputSchema,
    annotations: tool.annotations,
  };
}
