import type { ToolCallItem } from '@sandpiper/protocol';

/** What an opened card shows of a call's answer. */
export interface CallOutput {
  text: string;
  exitCode: number | null;
  /** The command goes on after the call. */
  background: boolean;
}

/** Reads an answer for people: a command's streams as they were printed, JSON indented, everything else as it is. */
export function outputOf(item: ToolCallItem): CallOutput {
  const output = item.output ?? '';
  const plain = { exitCode: null, background: false };
  const parsed = parseJson(output);
  if (parsed === undefined) return { ...plain, text: withoutEscapes(output) };
  if (item.name === 'shell_run' && isRecord(parsed)) {
    const text = [textOf(parsed['stdout']), textOf(parsed['stderr'])].filter(Boolean).join('\n');
    const exitCode = typeof parsed['exitCode'] === 'number' ? parsed['exitCode'] : null;
    return { text: withoutEscapes(text), exitCode, background: parsed['state'] === 'running' };
  }
  if (isRecord(parsed)) {
    const body = parsed['text'] ?? parsed['snapshot'];
    if (typeof body === 'string') return { ...plain, text: withoutEscapes(body) };
  }
  return { ...plain, text: JSON.stringify(parsed, null, 2) };
}

/** The input for people: a command or a file's content as text, everything else as indented JSON. */
export function inputOf(item: ToolCallItem): { text: string; language: string } {
  const { input } = item;
  if (!input) return { text: item.inputText, language: 'json' };
  if (item.name === 'shell_run' && typeof input['command'] === 'string')
    return { text: input['command'], language: 'bash' };
  if (item.name === 'files_write' && typeof input['content'] === 'string') {
    const extension = typeof input['path'] === 'string' ? (/\.(\w+)$/.exec(input['path'])?.[1] ?? '') : '';
    return { text: input['content'], language: extension };
  }
  return { text: JSON.stringify(input, null, 2), language: 'json' };
}

/** Terminal colours and cursor moves mean nothing here. */
export function withoutEscapes(text: string): string {
  return text.replaceAll(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g, '');
}

function textOf(stream: unknown): string {
  if (typeof stream === 'string') return stream;
  return isRecord(stream) && typeof stream['text'] === 'string' ? stream['text'] : '';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
