import type { ModelMessage } from '../providers/provider.ts';
import { boundText } from './bounded-text.ts';

/** About 100,000 tokens; what a model may hold is not known for most providers. */
const MAX_CHARS = 400_000;
const SHORT_OUTPUT_BYTES = 600;
/** Of the newest messages nothing is taken. */
const KEEP_LAST = 8;

/**
 * Makes a conversation fit: first the oldest tool outputs are shortened, then the oldest turns are left out. What is saved grows in
 * large steps, so that the beginning stays the same from turn to turn and a provider's cache of it holds. Pure.
 */
export function fitContext(messages: ModelMessage[], maxChars = MAX_CHARS): ModelMessage[] {
  const total = messages.reduce((sum, message) => sum + charsOf(message), 0);
  if (total <= maxChars) return messages;
  const quantum = Math.ceil(maxChars * 0.3);
  const toSave = Math.ceil((total - maxChars) / quantum) * quantum;
  const { shortened, saved } = shortenOutputs(messages, toSave);
  return saved >= toSave || total - saved <= maxChars ? shortened : dropOldest(shortened, toSave - saved);
}

function shortenOutputs(messages: ModelMessage[], toSave: number): { shortened: ModelMessage[]; saved: number } {
  let saved = 0;
  const shortened = messages.map((message, index) => {
    if (saved >= toSave || index >= messages.length - KEEP_LAST) return message;
    if (message.role !== 'tool' || typeof message.content !== 'string') return message;
    const content = boundText(message.content, SHORT_OUTPUT_BYTES);
    saved += message.content.length - content.length;
    return { ...message, content };
  });
  return { shortened, saved };
}

/** Leaves out whole turns after the first message of the person, which usually says what all is about. */
function dropOldest(messages: ModelMessage[], toSave: number): ModelMessage[] {
  const start = messages[0]?.role === 'user' ? 1 : 0;
  let end = start;
  let saved = 0;
  while (end < messages.length - KEEP_LAST && saved < toSave) saved += charsOf(messages[end++]);
  // A tool's output without the call it belongs to is refused by providers.
  while (end < messages.length && messages[end]?.role === 'tool') end++;
  if (end === start) return messages;
  const gap: ModelMessage = {
    role: 'user',
    content: '[Sandpiper: an older part of this conversation is left out here.]',
  };
  return [...messages.slice(0, start), gap, ...messages.slice(end)];
}

function charsOf(message: ModelMessage | undefined): number {
  if (message === undefined) return 0;
  const content =
    typeof message.content === 'string'
      ? message.content.length
      : (message.content ?? []).reduce((sum, part) => sum + (part.type === 'text' ? part.text.length : 4_000), 0);
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return (
    content + calls.reduce((sum, call) => sum + (call.type === 'function' ? call.function.arguments.length : 0), 0)
  );
}
