import { setTimeout as delay } from 'node:timers/promises';
import { shellKill, shellList, shellOutput, shellRun, shellWrite } from '@sandpiper/protocol';
import { errors } from '../errors.ts';
import { defineTool, type Tool } from '../tool.ts';
import type { Command } from './command.ts';
import type { Commands } from './commands.ts';
import { decodeOutput, summarise } from './output-text.ts';

export function createShellTools({ commands }: { commands: Commands }): Tool[] {
  return [
    defineTool({
      ...shellRun,
      async handler({ command: text, cwd, timeoutMs, hardTimeoutMs, env = {}, keepStdinOpen }, { signal }) {
        const command = await commands.start({ command: text, cwd, env, keepStdinOpen, hardTimeoutMs });
        await endWithin(command, timeoutMs, signal);
        if (signal.aborted) {
          // Nobody waits for it any more: Stop ends the command, not only the wait.
          await command.kill('SIGTERM');
          throw errors.CANCELLED();
        }
        const [stdout, stderr] = await Promise.all([summarise(command.stdout), summarise(command.stderr)]);
        return { ...command.status(), stdout, stderr };
      },
    }),
    defineTool({
      ...shellOutput,
      async handler({ commandId, stream, offset, maxBytes, waitMs }, { signal }) {
        const command = commands.find(commandId);
        const log = command[stream];
        if (waitMs > 0) await log.waitFor(offset, AbortSignal.any([signal, AbortSignal.timeout(waitMs)]));
        const piece = await log.read(offset, maxBytes);
        const isEnd = log.isEnded && piece.offset + piece.bytes.length >= log.totalBytes;
        const { text: output, consumed } = decodeOutput(piece.bytes, isEnd);
        return {
          text: output,
          offset: piece.offset,
          nextOffset: piece.offset + consumed,
          totalBytes: log.totalBytes,
          status: command.status(),
        };
      },
    }),
    defineTool({
      ...shellWrite,
      async handler({ commandId, text: input, end }) {
        await commands.find(commandId).write(input, end);
        return { writtenBytes: Buffer.byteLength(input) };
      },
    }),
    defineTool({
      ...shellKill,
      async handler({ commandId, signal }) {
        const command = commands.find(commandId);
        await command.kill(signal);
        return command.status();
      },
    }),
    defineTool({
      ...shellList,
      handler({ state }) {
        const statuses = commands.list().map((command) => command.status());
        return Promise.resolve({
          commands: statuses.filter((status) => state === undefined || status.state === state),
        });
      },
    }),
  ];
}

/** Resolves when the command has ended, the time is over, or the caller is gone. */
async function endWithin(command: Command, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const timeIsUp = delay(timeoutMs, undefined, { signal: AbortSignal.any([signal, over.signal]) }).catch(
    () => undefined,
  );
  await Promise.race([command.ended, timeIsUp]);
  over.abort();
}
