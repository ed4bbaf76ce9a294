import type { ModelInfo, ModelRef, ModelsResponse } from '@sandpiper/protocol';
import { createDemoProvider } from './demo/demo-provider.ts';
import { providerErrors } from './errors.ts';
import { createOpenAiProvider } from './openai/openai-provider.ts';
import type { StreamTimeouts } from './openai/openai-provider.ts';
import type { Provider } from './provider.ts';
import type { ModelSettings } from './settings.ts';

export interface Providers {
  /** Answer of `GET models`. */
  list(): ModelsResponse;
  /** The model of new sessions. */
  readonly default: ModelRef;
  /** Throws `MODEL_NOT_AVAILABLE`. */
  resolve(ref: ModelRef): { provider: Provider; model: ModelInfo };
}

/** The models this installation can talk to; without any configured one, the scripted demo. */
export function createProviders(settings: ModelSettings, options: { timeouts?: StreamTimeouts } = {}): Providers {
  const configured = settings.providers.map((provider) => createOpenAiProvider(provider, options.timeouts));
  return providersOf(configured.length > 0 ? configured : [createDemoProvider()], settings.default);
}

/** The same from providers that are already made. The first model of the first is the default, unless another is wanted. */
export function providersOf(providers: Provider[], wanted?: ModelRef): Providers {
  const [first] = providers;
  const [model] = first?.models ?? [];
  if (first === undefined || model === undefined) throw new RangeError('There must be a provider with a model.');
  const find = (ref: ModelRef): { provider: Provider; model: ModelInfo } | undefined => {
    const provider = providers.find(({ id }) => id === ref.provider);
    const found = provider?.models.find(({ id }) => id === ref.model);
    return provider && found ? { provider, model: found } : undefined;
  };
  return {
    default: wanted && find(wanted) ? wanted : { provider: first.id, model: model.id },
    list() {
      return {
        providers: providers.map(({ id, name, demo, models }) => ({ id, name, demo, models })),
        default: this.default,
      };
    },
    resolve(ref) {
      const found = find(ref);
      if (!found) throw providerErrors.MODEL_NOT_AVAILABLE({ model: ref.model, provider: ref.provider });
      return found;
    },
  };
}
