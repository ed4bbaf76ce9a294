import type { ToolCallFragment } from '../providers/provider.ts';

/** A call as far as it has come. */
export interface AssembledCall {
  /** Ours, unique in the session: providers repeat theirs, or send none. */
  callId: string;
  name: string;
  argumentsText: string;
}

interface OpenCall extends AssembledCall {
  index: number | undefined;
  /** The provider's, only to tell calls apart. */
  providerId: string;
}

/**
 * Puts tool calls together from fragments, however a provider cuts and labels them: by index, by id, or one after the other; with
 * ids and names repeated, empty, or left out after the first fragment.
 */
export class ToolCallAssembly {
  readonly #calls: OpenCall[] = [];
  readonly #callIdAt: (place: number) => string;

  /** @param callIdAt  the id for the call in that place (0 is the first) */
  constructor(callIdAt: (place: number) => string) {
    this.#callIdAt = callIdAt;
  }

  get calls(): readonly AssembledCall[] {
    return this.#calls;
  }

  /** @returns the call that grew, and the UTF-16 offset at which its arguments did */
  add(fragment: ToolCallFragment): { call: AssembledCall; offset: number; isNew: boolean } {
    const held = this.#find(fragment);
    const call = held ?? this.#open(fragment);
    if (call.providerId === '') call.providerId = fragment.id ?? '';
    // Set once: some providers repeat the name with each fragment.
    if (call.name === '') call.name = fragment.name ?? '';
    const offset = call.argumentsText.length;
    call.argumentsText += fragment.arguments ?? '';
    return { call, offset, isNew: held === undefined };
  }

  #open(fragment: ToolCallFragment): OpenCall {
    const call: OpenCall = {
      callId: this.#callIdAt(this.#calls.length),
      index: fragment.index,
      providerId: '',
      name: '',
      argumentsText: '',
    };
    this.#calls.push(call);
    return call;
  }

  #find({ index, id, name }: ToolCallFragment): OpenCall | undefined {
    if (index !== undefined) {
      const held = this.#calls.findLast((call) => call.index === index);
      // Some providers number all parallel calls 0; another id then means another call.
      const isAnother = id && held?.providerId && held.providerId !== id && name;
      return isAnother ? this.#calls.find((call) => call.providerId === id) : held;
    }
    if (id) {
      const held = this.#calls.find((call) => call.providerId === id);
      if (held) return held;
      const last = this.#calls.at(-1);
      return last?.providerId === '' && last.argumentsText === '' && !name ? last : undefined;
    }
    const last = this.#calls.at(-1);
    // Without index and id a name begins a call, unless it only repeats that of a call whose arguments are still open.
    if (name && last && last.name !== '' && (last.name !== name || isComplete(last.argumentsText))) return undefined;
    return last;
  }
}

/**
 * Reads the arguments of a call. None at all means an empty object; text that holds JSON once more is unwrapped.
 * @throws SyntaxError when they are not a JSON object
 */
export function parseArguments(text: string): Record<string, unknown> {
  if (text.trim() === '') return {};
  let value: unknown = JSON.parse(text);
  if (typeof value === 'string') value = JSON.parse(value);
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new SyntaxError('it is another JSON value');
  return value as Record<string, unknown>;
}

function isComplete(argumentsText: string): boolean {
  if (!argumentsText.trimEnd().endsWith('}')) return false;
  try {
    JSON.parse(argumentsText);
    return true;
  } catch {
    return false;
  }
}
