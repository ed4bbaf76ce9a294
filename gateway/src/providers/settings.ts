import type { ModelInfo, ModelRef } from '@sandpiper/protocol';
import { issuesOf } from '@sandpiper/protocol';
import { z } from 'zod';
import { providerErrors } from './errors.ts';

/** One service that speaks chat completions, as configured. */
export interface ProviderSettings {
  id: string;
  name: string;
  baseUrl: string;
  /** The variable that holds the key, for messages; undefined where none is needed. */
  keyVariable: string | undefined;
  apiKey: string | undefined;
  headers: Record<string, string>;
  models: ModelInfo[];
}

export interface ModelSettings {
  providers: ProviderSettings[];
  /** What a session uses that chose none; undefined when there is no provider. */
  default: ModelRef | undefined;
}

type Environment = Record<string, string | undefined>;

/** Providers that need nothing but a key in the environment. `<NAME>_MODELS` lists other models, separated by commas. */
const known = [
  {
    id: 'openai',
    name: 'OpenAI',
    variable: 'OPENAI_API_KEY',
    baseUrlVariable: 'OPENAI_BASE_URL',
    modelsVariable: 'OPENAI_MODELS',
    baseUrl: 'https://api.openai.com/v1',
    models: ['gpt-5.1', 'gpt-5-mini', 'gpt-4.1'],
  },
  {
    id: 'openrouter',
    name: 'OpenRouter',
    variable: 'OPENROUTER_API_KEY',
    baseUrlVariable: 'OPENROUTER_BASE_URL',
    modelsVariable: 'OPENROUTER_MODELS',
    baseUrl: 'https://openrouter.ai/api/v1',
    models: ['anthropic/claude-sonnet-4.5', 'openai/gpt-5.1', 'google/gemini-2.5-pro'],
  },
] as const;

const providerName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/i, 'is not a name of letters, digits, - and _');

const providersFile = z.strictObject({
  default: z
    .string()
    .regex(/^[^/]+\/.+$/, 'is not of the form provider/model')
    .optional(),
  providers: z.record(
    providerName,
    z.strictObject({
      name: z.string().min(1).max(100).optional(),
      baseUrl: z.url({ protocol: /^https?$/, error: 'is not an http or https URL' }),
      apiKeyEnv: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of a variable')
        .optional(),
      headers: z.record(z.string(), z.string()).optional(),
      models: z
        .array(
          z.union([
            z.string().min(1).max(200),
            z.strictObject({
              id: z.string().min(1).max(200),
              name: z.string().min(1).max(200).optional(),
              vision: z.boolean().default(false),
            }),
          ]),
        )
        .min(1, 'needs at least one model'),
    }),
  ),
});

/**
 * Reads the providers from the environment and the text of `providers.json`; an entry of the file replaces the known provider of
 * the same name.
 *
 * @param file  path (for messages) and content of the file, where there is one
 * @throws CodedError `PROVIDERS_INVALID`: one line with file, path in it and problem
 */
export function readModelSettings(env: Environment, file?: { path: string; text: string }): ModelSettings {
  const fromFile = file === undefined ? { providers: [], default: undefined } : parseFile(file, env);
  const replaced = new Set(fromFile.providers.map((provider) => provider.id));
  const providers = [...fromEnvironment(env).filter((provider) => !replaced.has(provider.id)), ...fromFile.providers];
  const wanted = fromFile.default ?? refOf(env['SANDPIPER_MODEL']);
  return { providers, default: wanted ?? firstModel(providers) };
}

function fromEnvironment(env: Environment): ProviderSettings[] {
  return known.flatMap((provider) => {
    const apiKey = env[provider.variable];
    if (apiKey === undefined || apiKey.trim() === '') return [];
    const listed = (env[provider.modelsVariable] ?? '').split(',').map((id) => id.trim());
    const ids = listed.some((id) => id !== '') ? listed.filter((id) => id !== '') : provider.models;
    const settings: ProviderSettings = {
      id: provider.id,
      name: provider.name,
      baseUrl: nonEmpty(env[provider.baseUrlVariable]) ?? provider.baseUrl,
      keyVariable: provider.variable,
      apiKey: apiKey.trim(),
      headers: {},
      models: ids.map((id) => ({ id, name: id, vision: true })),
    };
    return [settings];
  });
}

function parseFile(file: { path: string; text: string }, env: Environment): ModelSettings {
  const parsed = providersFile.safeParse(parseJson(file));
  if (!parsed.success) {
    const [first] = issuesOf(parsed.error);
    throw invalid(file.path, first?.path, first?.message ?? 'is not valid');
  }
  const providers = Object.entries(parsed.data.providers).map(([id, entry]): ProviderSettings => ({
    id,
    name: entry.name ?? id,
    baseUrl: entry.baseUrl,
    keyVariable: entry.apiKeyEnv,
    apiKey: entry.apiKeyEnv === undefined ? undefined : nonEmpty(env[entry.apiKeyEnv]),
    headers: entry.headers ?? {},
    models: entry.models.map((model) =>
      typeof model === 'string'
        ? { id: model, name: model, vision: false }
        : { id: model.id, name: model.name ?? model.id, vision: model.vision },
    ),
  }));
  const wanted = refOf(parsed.data.default);
  if (wanted !== undefined) {
    const there = providers.some(
      ({ id, models }) => id === wanted.provider && models.some((model) => model.id === wanted.model),
    );
    const fromKey = known.some(({ id }) => id === wanted.provider);
    if (!there && !fromKey)
      throw invalid(file.path, 'default', `names ${wanted.provider}/${wanted.model}, which is not listed`);
  }
  return { providers, default: wanted };
}

function parseJson(file: { path: string; text: string }): unknown {
  try {
    return JSON.parse(file.text);
  } catch (error) {
    throw invalid(file.path, '', `is not JSON (${(error as Error).message.replaceAll(/\s+/g, ' ')})`);
  }
}

function invalid(file: string, path: string | undefined, problem: string): Error {
  return providerErrors.PROVIDERS_INVALID({ file, path: path === undefined || path === '' ? '(top)' : path, problem });
}

/** `provider/model`; the model's own name may hold further slashes. */
function refOf(text: string | undefined): ModelRef | undefined {
  const slash = text?.indexOf('/') ?? -1;
  if (text === undefined || slash <= 0 || slash === text.length - 1) return undefined;
  return { provider: text.slice(0, slash), model: text.slice(slash + 1) };
}

function firstModel(providers: ProviderSettings[]): ModelRef | undefined {
  const [provider] = providers;
  const model = provider?.models[0];
  return provider && model ? { provider: provider.id, model: model.id } : undefined;
}

const nonEmpty = (text: string | undefined): string | undefined => (text?.trim() ? text.trim() : undefined);
