import type { ModelRef, Usage } from '@sandpiper/protocol';
import type { Provider } from '../providers/provider.ts';

const MAX_CHARS = 60;

/** A title from the first message alone: its first sentence, cut at a word. */
export function titleFrom(text: string): string {
  const line = text
    .split('\n')
    .map((candidate) => candidate.replaceAll(/[#*`>_~]/g, '').trim())
    .find((candidate) => candidate !== '');
  if (line === undefined) return 'New conversation';
  const sentence = /^.{12,}?[.!?。！？](?=\s|$|[^\s\d])/u.exec(line)?.[0] ?? line;
  return cutAtWord(sentence.replace(/[.。]$/, ''));
}

/**
 * Asks the model for a title; whatever it says is made to fit one line.
 * @returns undefined when it gave none that can be used
 */
export async function askForTitle(
  provider: Provider,
  model: ModelRef['model'],
  text: string,
  signal: AbortSignal,
): Promise<{ title: string | undefined; usage: Usage | undefined } | undefined> {
  const answer = await provider.complete?.(
    {
      model,
      messages: [
        {
          role: 'user',
          content: `Give a conversation that begins with the message below a title of at most six words, in the language of the message. Answer with the title alone, without quotes.\n\n<message>\n${text.slice(0, 4_000)}\n</message>`,
        },
      ],
    },
    signal,
  );
  return answer && { title: cleanTitle(answer.text), usage: answer.usage };
}

function cleanTitle(text: string): string | undefined {
  // Thoughts that a server leaves in the text are not the title.
  const line = text
    .replace(/<think>[\s\S]*?<\/think>/, '')
    .trim()
    .split('\n')[0]
    ?.replaceAll(/^(title:)?[\s"'“”«»#*]+|[\s"'“”«».*]+$/gi, '')
    .trim();
  return line ? cutAtWord(line) : undefined;
}

function cutAtWord(text: string): string {
  if (text.length <= MAX_CHARS) return text.toWellFormed();
  const cut = text.slice(0, MAX_CHARS);
  const space = cut.lastIndexOf(' ');
  return `${(space > MAX_CHARS / 2 ? cut.slice(0, space) : cut.replace(/[\ud800-\udbff]$/, '')).trimEnd()}…`;
}
