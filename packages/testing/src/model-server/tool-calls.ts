import type { Step, ToolCallFragment } from './reply.ts';

export interface ScriptedCall {
  name: string;
  /** Serialised as JSON; a string is sent as it is, valid or not; left out, the arguments are empty. */
  arguments?: Record<string, unknown> | string;
  /** Default: `call_<name>_<place>`. */
  id?: string;
}

/**
 * How providers differ:
 * - `openai`: index always; id and name only in the first fragment
 * - `emptyLater`: later fragments repeat id and name as empty strings
 * - `repeated`: every fragment repeats id and name
 * - `noIndex`: no index at all, id only in the first fragment of each call
 * - `whole`: one fragment for each call, without index
 */
export type CallStyle = 'openai' | 'emptyLater' | 'repeated' | 'noIndex' | 'whole';

/** Calls in fragments of `pieceChars` characters of their arguments; with `interleave`, parallel calls take turns. */
export function callTools(
  calls: ScriptedCall[],
  options: { style?: CallStyle; pieceChars?: number; everyMs?: number; interleave?: boolean } = {},
): Step {
  const { style = 'openai', pieceChars = 12, everyMs = 0, interleave = false } = options;
  const streams = calls.map((call, index) => fragmentsOf(call, index, style, pieceChars));
  const fragments = interleave && style !== 'noIndex' && style !== 'whole' ? inTurns(streams) : streams.flat();
  return { do: 'toolCalls', fragments, everyMs };
}

export function callTool(name: string, args: ScriptedCall['arguments'] = {}, options: { id?: string } = {}): Step {
  return callTools([{ name, arguments: args, ...options }]);
}

/** Fragments exactly as given, one chunk each. */
export function fragments(...list: ToolCallFragment[]): Step {
  return { do: 'toolCalls', fragments: list, everyMs: 0 };
}

function fragmentsOf(call: ScriptedCall, index: number, style: CallStyle, pieceChars: number): ToolCallFragment[] {
  const id = call.id ?? `call_${call.name}_${index}`;
  const text = typeof call.arguments === 'object' ? JSON.stringify(call.arguments) : (call.arguments ?? '');
  if (style === 'whole') return [{ id, type: 'function', function: { name: call.name, arguments: text } }];
  const place = style === 'noIndex' ? {} : { index };
  const first: ToolCallFragment = { ...place, id, type: 'function', function: { name: call.name, arguments: '' } };
  const rest: ToolCallFragment[] = [];
  for (let at = 0; at < text.length; at += pieceChars) {
    const piece = text.slice(at, at + pieceChars);
    if (style === 'emptyLater') rest.push({ ...place, id: '', function: { name: '', arguments: piece } });
    else if (style === 'repeated') rest.push({ ...place, id, function: { name: call.name, arguments: piece } });
    else rest.push({ ...place, function: { arguments: piece } });
  }
  return [first, ...rest];
}

function inTurns(streams: ToolCallFragment[][]): ToolCallFragment[] {
  const longest = Math.max(0, ...streams.map((stream) => stream.length));
  return Array.from({ length: longest }, (_, turn) => streams.flatMap((stream) => stream[turn] ?? [])).flat();
}
