import type { Usage } from '@sandpiper/protocol';
import OpenAI from 'openai';
import { ProviderFailure, providerErrors } from '../errors.ts';
import type { ModelChunk, ModelRequest, Provider } from '../provider.ts';
import type { ProviderSettings } from '../settings.ts';
import { failureOf } from './failure.ts';
import { startWatchdog } from './watchdog.ts';
import type { StreamTimeouts } from './watchdog.ts';

export type { StreamTimeouts } from './watchdog.ts';

/** Models that reason in silence may take minutes to their first byte; one that has begun does not pause that long. */
const defaultTimeouts: StreamTimeouts = { firstChunkMs: 180_000, betweenChunksMs: 90_000 };

/** A provider that speaks the chat completions API, through the `openai` package. */
export function createOpenAiProvider(settings: ProviderSettings, timeouts: StreamTimeouts = defaultTimeouts): Provider {
  const client = new OpenAI({
    baseURL: settings.baseUrl,
    // The package insists on a key; servers that need none ignore it.
    apiKey: settings.apiKey ?? 'none',
    defaultHeaders: settings.headers,
    // Retries are the run's, which shows them; the deadline is the watchdog's.
    maxRetries: 0,
    timeout: 2 ** 31 - 1,
    logLevel: 'off',
    ...(settings.id === 'openai' ? {} : { organization: null, project: null }),
  });
  const requireKey = (): void => {
    if (settings.keyVariable === undefined || settings.apiKey !== undefined) return;
    const parameters = { provider: settings.name, variable: settings.keyVariable };
    const hint = `Set ${settings.keyVariable} and start Sandpiper again, or choose another model.`;
    throw new ProviderFailure(providerErrors.PROVIDER_KEY_MISSING(parameters, { hint }));
  };

  return {
    id: settings.id,
    name: settings.name,
    demo: false,
    models: settings.models,

    async *stream(request, signal) {
      requireKey();
      const watchdog = startWatchdog(signal, timeouts);
      try {
        const chunks = await client.chat.completions.create(
          { ...bodyOf(request), stream: true, stream_options: { include_usage: true } },
          { signal: watchdog.signal },
        );
        for await (const chunk of chunks) {
          watchdog.fed();
          yield* normalise(chunk);
        }
        // The package ends an aborted stream as if it were complete.
        watchdog.signal.throwIfAborted();
      } catch (error) {
        if (signal.aborted) return;
        throw watchdog.barkedAfterMs === undefined
          ? failureOf(error, settings, request.model)
          : new ProviderFailure(
              providerErrors.PROVIDER_TIMEOUT({ provider: settings.name, seconds: watchdog.barkedAfterMs / 1000 }),
            );
      } finally {
        watchdog.stop();
      }
    },

    async complete(request, signal) {
      requireKey();
      try {
        const answer = await client.chat.completions.create(bodyOf({ ...request, tools: [] }), { signal });
        const usage = answer.usage ? usageOf(answer.usage) : undefined;
        return { text: answer.choices[0]?.message.content ?? '', usage };
      } catch (error) {
        throw failureOf(error, settings, request.model);
      }
    },
  };
}

function bodyOf(request: ModelRequest): {
  model: string;
  messages: ModelRequest['messages'];
  tools?: OpenAI.ChatCompletionTool[];
} {
  const tools = request.tools.map((tool): OpenAI.ChatCompletionTool => ({ type: 'function', function: tool }));
  // An empty list of tools is refused by several servers.
  return { model: request.model, messages: request.messages, ...(tools.length > 0 ? { tools } : {}) };
}

/** What servers send beyond, or short of, what the package's types promise. */
interface LooseDelta {
  content?: string | null;
  reasoning_content?: string | null;
  reasoning?: string | null;
  tool_calls?:
    | ({
        index?: number | null;
        id?: string | null;
        function?: { name?: string | null; arguments?: string | null } | null;
      } | null)[]
    | null;
}

function* normalise(chunk: OpenAI.ChatCompletionChunk): Generator<ModelChunk> {
  const choice = (chunk.choices as OpenAI.ChatCompletionChunk.Choice[] | undefined)?.[0];
  const delta = choice?.delta as LooseDelta | undefined;
  // Some servers send the same thought under both names.
  const thought = delta?.reasoning_content ?? delta?.reasoning;
  if (thought) yield { type: 'reasoning', text: thought };
  if (delta?.content) yield { type: 'text', text: delta.content };
  for (const call of delta?.tool_calls ?? []) {
    if (!call) continue;
    yield {
      type: 'tool-call',
      fragment: {
        index: call.index ?? undefined,
        id: call.id ?? undefined,
        name: call.function?.name ?? undefined,
        arguments: call.function?.arguments ?? undefined,
      },
    };
  }
  if (choice?.finish_reason) yield { type: 'finish', reason: choice.finish_reason };
  if (chunk.usage) yield { type: 'usage', usage: usageOf(chunk.usage) };
}

function usageOf(usage: OpenAI.CompletionUsage): Usage {
  const cached = usage.prompt_tokens_details?.cached_tokens;
  return {
    inputTokens: wholeNumber(usage.prompt_tokens),
    outputTokens: wholeNumber(usage.completion_tokens),
    ...(typeof cached === 'number' ? { cachedTokens: wholeNumber(cached) } : {}),
  };
}

const wholeNumber = (value: unknown): number => (typeof value === 'number' && value > 0 ? Math.round(value) : 0);
