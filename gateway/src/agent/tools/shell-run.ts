import { setTimeout as delay } from 'node:timers/promises';
import { shellList, shellRun } from '@sandpiper/protocol';
import { keepTerminal } from './evidence.ts';
import type { SandboxCall, SandboxClient } from './sandbox-tools.ts';
import type { CallContext } from './tool.ts';

/** Most commands are over by then, and need no second request. */
const LIVE_AFTER_MS = 250;
const MAX_TERMINAL_CHARS = 64 * 1024;

/**
 * Runs a command and shows its output while it runs. The call itself answers when the command ends or its soft timeout passes, and
 * ends the command when it is aborted; the live output is read beside it, from the command's streams.
 */
export async function runShell(call: SandboxCall, input: Record<string, unknown>): Promise<unknown> {
  const { client, context } = call;
  const over = new AbortController();
  const seen = new Tail(MAX_TERMINAL_CHARS);
  const live = follow(client, String(input['command']), {
    ...context,
    signal: AbortSignal.any([context.signal, over.signal]),
    say(text) {
      seen.add(text);
      context.say(text);
    },
  });
  let output: unknown;
  try {
    output = await client.callTool(shellRun.name, input, { signal: context.signal });
    return output;
  } finally {
    over.abort();
    await live;
    await keepTerminal(call, terminalText(output) ?? seen.text);
  }
}

async function follow(client: SandboxClient, command: string, { signal, say }: CallContext): Promise<void> {
  try {
    await delay(LIVE_AFTER_MS, undefined, { signal });
    const { commands } = shellList.output.parse(
      await client.callTool(shellList.name, { state: 'running' }, { signal }),
    );
    // Newest first: of two that read the same, it is the one that was just started.
    const running = commands.find((candidate) => candidate.command === command);
    if (running === undefined) return;
    const { commandId } = running;
    await Promise.all(
      (['stdout', 'stderr'] as const).map(async (stream) => {
        for await (const event of client.followCommand(commandId, { stream, signal })) {
          if (event.type === 'output') say(event.text);
        }
      }),
    );
  } catch {
    // Live output is a view; what the command says and how it ends comes with the call.
  }
}

function terminalText(output: unknown): string | undefined {
  const parsed = shellRun.output.safeParse(output);
  if (!parsed.success) return undefined;
  const { stdout, stderr } = parsed.data;
  const text =
    stderr.text === ''
      ? stdout.text
      : `${stdout.text}${stdout.text.endsWith('\n') || stdout.text === '' ? '' : '\n'}${stderr.text}`;
  return text.slice(-MAX_TERMINAL_CHARS);
}

/** The end of a growing text. */
class Tail {
  text = '';
  readonly #maxChars: number;

  constructor(maxChars: number) {
    this.#maxChars = maxChars;
  }

  add(text: string): void {
    this.text += text;
    // Cut rarely, not with every line.
    if (this.text.length > 2 * this.#maxChars) this.text = this.text.slice(-this.#maxChars);
  }
}
