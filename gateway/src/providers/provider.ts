import type { ModelInfo, Usage } from '@sandpiper/protocol';
import type OpenAI from 'openai';

/** Messages travel in the words of chat completions, which every provider we speak to understands. */
export type ModelMessage = OpenAI.ChatCompletionMessageParam;

/** A tool as the model is offered it. */
export interface ModelTool {
  name: string;
  description: string;
  /** JSON Schema of the arguments. */
  parameters: Record<string, unknown>;
}

export interface ModelRequest {
  model: string;
  messages: ModelMessage[];
  tools: ModelTool[];
}

/** A part of one tool call, as it comes: providers leave out or empty any of these. */
export interface ToolCallFragment {
  index?: number | undefined;
  id?: string | undefined;
  name?: string | undefined;
  arguments?: string | undefined;
}

/** What a model's answer is made of, in the order in which it arrives. */
export type ModelChunk =
  | { type: 'text'; text: string }
  | { type: 'reasoning'; text: string }
  | { type: 'tool-call'; fragment: ToolCallFragment }
  | { type: 'usage'; usage: Usage }
  | { type: 'finish'; reason: string };

/** Something that answers like a model: a service with an API, or the scripted demo. */
export interface Provider {
  readonly id: string;
  readonly name: string;
  /** True for the scripted demo, which is labelled wherever it speaks. */
  readonly demo: boolean;
  readonly models: ModelInfo[];
  /**
   * Streams one answer. Ends early without an error only when `signal` is aborted.
   * @throws ProviderFailure
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelChunk>;
  /**
   * A short answer without tools, for a title. Undefined where the provider has no cheap way to give one.
   * @throws ProviderFailure
   */
  complete?(
    request: Omit<ModelRequest, 'tools'>,
    signal: AbortSignal,
  ): Promise<{ text: string; usage: Usage | undefined }>;
}
