import { z } from 'zod';

/**
 * Hints in the words of MCP's tool annotations, plus `icon` (a lucide name) and `verb`, from which the UI builds the one-line
 * card of a call: "Ran `pytest -q`".
 */
export interface ToolAnnotations {
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
}

/** What is agreed about a tool: everything but the code that runs it. */
export interface ToolContract<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodType = z.ZodType> {
  /** `group_verb`, as the model sees it: `shell_run`, `files_read`. */
  readonly name: string;
  readonly title: string;
  /** Written for the model: what it does, when to use it, what comes back. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  readonly annotations: ToolAnnotations;
  /** `sandbox`: answered by tool-api. `gateway`: needs a secret or the session itself (keyed search, plan, ask_user). */
  readonly runsIn: 'sandbox' | 'gateway';
}

export function defineToolContract<Input extends z.ZodObject, Output extends z.ZodType>(
  contract: ToolContract<Input, Output>,
): ToolContract<Input, Output> {
  return contract;
}

export type ToolInput<C extends ToolContract> = z.infer<C['input']>;
export type ToolOutput<C extends ToolContract> = z.infer<C['output']>;

/** The JSON Schema of a tool's input, as OpenAI function calling and MCP want it. */
export function inputJsonSchema(contract: ToolContract): Record<string, unknown> {
  const { $schema: _, ...schema } = z.toJSONSchema(contract.input, { io: 'input', unrepresentable: 'any' });
  return schema;
}
