import type { Group } from '../../group.ts';

/** Calls a tool of a group as the registry does: input parsed by its schema, output checked by its schema. */
export async function callTool<T = Record<string, unknown>>(
  group: Group,
  name: string,
  input: Record<string, unknown> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<T> {
  const tool = group.tools?.find((candidate) => candidate.name === name);
  if (!tool) throw new Error(`The group has no tool ${name}.`);
  const output = await tool.handler(tool.input.parse(input), { signal, subject: undefined });
  return tool.output.parse(output) as T;
}

/** The reference of the first line of a snapshot that contains `text`. */
export function refOf(snapshot: string, text: string): string {
  const line = snapshot.split('\n').find((candidate) => candidate.includes(text) && candidate.includes('[ref='));
  const ref = /\[ref=(\w+)\]/.exec(line ?? '')?.[1];
  if (ref === undefined) throw new Error(`The snapshot has no "${text}":\n${snapshot}`);
  return ref;
}
