import type { ToolCallItem } from '@sandpiper/protocol';

/** What a command said, and how it ended, of a call to `shell_run` and its relatives. */
export interface CommandText {
  /** The prompt line, absent for calls that only look at a running command. */
  command: string | null;
  output: string;
  exitCode: number | null;
}

const isCommand = (call: ToolCallItem): boolean => call.name === 'shell_run' || call.name === 'shell_output';

/** The agent's commands as they would have looked in a terminal, from what the log holds; oldest first. */
export function commandsOf(steps: readonly ToolCallItem[]): ToolCallItem[] {
  return steps.filter(isCommand);
}

/** Reads one call: its live output while it runs, the answer's streams when it is done. */
export function commandTextOf(call: ToolCallItem): CommandText {
  const command = typeof call.input?.['command'] === 'string' ? call.input['command'] : null;
  if (call.output === null) return { command, output: call.live?.text ?? '', exitCode: null };
  const answer = parsed(call.output);
  // Not the answer of a command: an error's sentence, or the tool of another server.
  if (answer === undefined) return { command, output: call.error?.message ?? call.output, exitCode: null };
  const streams = [answer['stdout'], answer['stderr'], answer].map(textOf).filter((text) => text !== '');
  const exitCode = typeof answer['exitCode'] === 'number' ? answer['exitCode'] : null;
  return { command, output: streams.map((text) => (text.endsWith('\n') ? text : `${text}\n`)).join(''), exitCode };
}

/** One call as bytes for a terminal: prompt in the accent's green, a failed exit code in red. */
export function ansiOf({ command, output, exitCode }: CommandText): string {
  const prompt =
    command === null ? '' : `\u001b[1;36m❯\u001b[0m \u001b[1m${command.replaceAll('\n', '\n  ')}\u001b[0m\n`;
  const ending = exitCode !== null && exitCode !== 0 ? `\u001b[31m⏎ ${exitCode}\u001b[0m\n` : '';
  return `${prompt}${output}${output === '' || output.endsWith('\n') ? '' : '\n'}${ending}`;
}

function parsed(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string' ? value.text : '';
