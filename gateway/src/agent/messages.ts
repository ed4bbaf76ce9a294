import type {
  AssistantMessageItem,
  SessionState,
  TimelineItem,
  ToolCallItem,
  UserMessageItem,
} from '@sandpiper/protocol';
import type { ModelMessage } from '../providers/provider.ts';
import { fitContext } from './context-window.ts';

export interface ModelMessagesOptions {
  system: string;
  /** Pictures the model may see, as data URLs by artefact id; none for a model without vision. */
  images: ReadonlyMap<string, string>;
  /** Of all messages together, in characters. */
  maxChars?: number;
}

/**
 * What the model is sent: the conversation as it is in the log, with what was interrupted said as such, and older output of tools
 * shortened once the whole becomes too long. Pure.
 */
export function toModelMessages(state: SessionState, options: ModelMessagesOptions): ModelMessage[] {
  const calls = Map.groupBy(
    state.timeline.filter((item) => item.kind === 'tool'),
    (call) => call.messageId ?? '',
  );
  const messages = state.timeline.flatMap((item) => messagesOf(item, calls, options.images));
  return [{ role: 'system', content: options.system }, ...mergeNeighbours(fitContext(messages, options.maxChars))];
}

function messagesOf(
  item: TimelineItem,
  calls: ReadonlyMap<string, ToolCallItem[]>,
  images: ReadonlyMap<string, string>,
): ModelMessage[] {
  switch (item.kind) {
    case 'user':
      return [{ role: 'user', content: userText(item) }];
    case 'assistant':
      return item.state === 'streaming' ? [] : assistantTurn(item, calls.get(item.id) ?? [], images);
    case 'notice':
      if (item.notice === 'resumed') {
        return [
          note('Your work was interrupted by a restart and goes on now. If the task is done already, say so briefly.'),
        ];
      }
      return item.notice === 'stopped' ? [note('The person stopped you here.')] : [];
    case 'tool':
    case 'question':
      // Said with the message that made the call.
      return [];
  }
}

function assistantTurn(
  item: AssistantMessageItem,
  calls: ToolCallItem[],
  images: ReadonlyMap<string, string>,
): ModelMessage[] {
  const messages: ModelMessage[] = [];
  if (calls.length > 0) {
    messages.push({
      role: 'assistant',
      content: item.text === '' ? null : item.text,
      tool_calls: calls.map((call) => ({
        id: call.id,
        type: 'function',
        function: { name: call.name, arguments: JSON.stringify(call.input ?? {}) },
      })),
    });
    for (const call of calls) messages.push({ role: 'tool', tool_call_id: call.id, content: resultText(call) });
    const pictures = calls.flatMap((call) => call.artefacts.flatMap(({ id }) => images.get(id) ?? []));
    if (pictures.length > 0) messages.push(picturesMessage(pictures));
  } else if (item.text.trim() !== '') {
    messages.push({ role: 'assistant', content: item.text });
  }
  if (item.state === 'interrupted' && item.text.trim() !== '') {
    messages.push(note('Your message above was cut off before its end. Go on from there, without repeating it.'));
  }
  return messages;
}

function userText({ text, attachments }: UserMessageItem): string {
  if (attachments.length === 0) return text;
  const list = attachments.map(
    ({ path, sizeBytes, mimeType }) => `- ${path} (${sizeBytes} bytes${mimeType === undefined ? '' : `, ${mimeType}`})`,
  );
  return `${text}\n\nAttached files, in the workspace:\n${list.join('\n')}`;
}

/** What came of a call, and when it was broken off, that its effects are unknown. */
function resultText(call: ToolCallItem): string {
  const output = call.output ?? '';
  switch (call.state) {
    case 'ok':
    case 'error':
      return output === '' ? '(no output)' : output;
    case 'stopped':
      return withNote(output, 'The person stopped this call. It may have had effects already.');
    case 'interrupted':
    case 'preparing':
    case 'running':
      return withNote(
        output,
        'This call was interrupted by a restart. It may have had effects already: check before you repeat it.',
      );
  }
}

const withNote = (output: string, text: string): string => (output === '' ? `[${text}]` : `${output}\n[${text}]`);

/** Said by Sandpiper, not by the person; in the person's role because models read that one at any place. */
const note = (text: string): ModelMessage => ({ role: 'user', content: `[Sandpiper: ${text}]` });

function picturesMessage(urls: string[]): ModelMessage {
  return {
    role: 'user',
    content: [
      { type: 'text', text: '[Sandpiper: the picture that the call above took.]' },
      ...urls.map((url) => ({ type: 'image_url' as const, image_url: { url } })),
    ],
  };
}

/** Several models refuse two messages of the person in a row. */
function mergeNeighbours(messages: ModelMessage[]): ModelMessage[] {
  const merged: ModelMessage[] = [];
  for (const message of messages) {
    const last = merged.at(-1);
    if (last?.role === 'user' && message.role === 'user') {
      merged[merged.length - 1] = { role: 'user', content: [...contentParts(last), ...contentParts(message)] };
    } else {
      merged.push(message);
    }
  }
  return merged.map(flattenText);
}

type UserMessage = Extract<ModelMessage, { role: 'user' }>;
type Parts = Exclude<UserMessage['content'], string>;

const contentParts = ({ content }: UserMessage): Parts =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

/** Plain text where there is nothing but text: servers without vision accept no parts. */
function flattenText(message: ModelMessage): ModelMessage {
  if (message.role !== 'user' || typeof message.content === 'string') return message;
  const texts = message.content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return texts.length < message.content.length ? message : { role: 'user', content: texts.join('\n\n') };
}
