import type { ToolContract } from '@sandpiper/protocol';
import type { z } from 'zod';

/** What a handler knows about the call it answers. */
export interface ToolContext {
  /** Aborted when the caller hangs up (which is how a person's Stop arrives) and when the server ends. Stop all work then. */
  readonly signal: AbortSignal;
  /** `sub` of the caller's token: on whose behalf the call is made, where the caller said so. */
  readonly subject: string | undefined;
}

/** One piece of what an MCP client is shown of a result. */
export type ToolContent = { type: 'text'; text: string } | { type: 'image'; data: string; mimeType: string };

/** A tool as the registry holds it: the contract and the code, whatever its input and output. */
export interface Tool extends ToolContract {
  handler(input: unknown, context: ToolContext): Promise<unknown>;
  present?(output: unknown): ToolContent[];
}

export interface ToolDefinition<Input extends z.ZodObject, Output extends z.ZodType> extends ToolContract<
  Input,
  Output
> {
  /** Gets parsed input; what it returns is parsed by `output` before it leaves. Expected failures are CodedErrors. */
  handler(input: z.output<Input>, context: ToolContext): Promise<z.input<Output>>;
  /** How an MCP client sees the output; without it as JSON text. Tools that return pictures say so here. */
  present?(output: z.output<Output>): ToolContent[];
}

/**
 * Joins a contract with its code. From this one value come `POST /v1/tools/{name}`, the OpenAPI document and the MCP tool.
 *
 *     defineTool({ ...shellList, handler: () => Promise.resolve({ commands: commands.list() }) })
 */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodType>(
  definition: ToolDefinition<Input, Output>,
): Tool {
  // The registry parses by this tool's own schemas before it calls, so the wider type is never abused.
  return definition;
}
