import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Activity } from '../activity.ts';
import { Command } from './command.ts';
import { shellErrors } from './errors.ts';
import { limitsPreamble, readCommandLimits } from './limits.ts';

/** The commands of this sandbox: those that run, and the last ones that ended. */
export interface Commands {
  start(request: {
    command: string;
    cwd: string | undefined;
    env: Record<string, string>;
    keepStdinOpen: boolean;
    hardTimeoutMs: number | undefined;
  }): Promise<Command>;
  /** Throws COMMAND_NOT_FOUND. */
  find(commandId: string): Command;
  /** Newest first. */
  list(): Command[];
  /** Ends them all and forgets their output. */
  close(): Promise<void>;
}

const MAX_RUNNING = 100;
const MAX_ENDED = 50;
const MAX_DISK_BYTES = 256 * 1024 * 1024;

export async function createCommands(options: {
  /** For output; emptied first, since no command outlives its tool-api. */
  directory: string;
  workspace: string;
  activity: Activity;
  /** Environment of the next command. */
  environment: () => Record<string, string>;
}): Promise<Commands> {
  const { directory, workspace, activity, environment } = options;
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const preamble = limitsPreamble(await readCommandLimits());
  const commands = new Map<string, Command>();
  let count = 0;

  const forgetOldest = async (): Promise<void> => {
    const ended = [...commands.values()].filter(({ state }) => state !== 'running');
    let diskBytes = ended.reduce((sum, { stdout, stderr }) => sum + stdout.diskBytes + stderr.diskBytes, 0);
    for (const [index, command] of ended.entries()) {
      if (ended.length - index <= MAX_ENDED && diskBytes <= MAX_DISK_BYTES) break;
      diskBytes -= command.stdout.diskBytes + command.stderr.diskBytes;
      commands.delete(command.id);
      await command.remove();
    }
  };

  return {
    async start({ command, cwd, env, keepStdinOpen, hardTimeoutMs }) {
      const running = [...commands.values()].filter(({ state }) => state === 'running').length;
      if (running >= MAX_RUNNING) throw shellErrors.TOO_MANY_COMMANDS({ limit: MAX_RUNNING });
      const directoryToRunIn = path.resolve(workspace, cwd ?? '.');
      const found = await stat(directoryToRunIn).catch(() => undefined);
      if (!found?.isDirectory()) throw shellErrors.CWD_NOT_FOUND({ cwd: directoryToRunIn });
      const end = activity.begin('command');
      try {
        const started = await Command.start({
          id: `c${(++count).toString(36)}`,
          command,
          cwd: directoryToRunIn,
          env: { ...environment(), ...env },
          keepStdinOpen,
          hardTimeoutMs,
          directory,
          preamble,
        });
        commands.set(started.id, started);
        void started.ended.then(end).then(forgetOldest);
        return started;
      } catch (error) {
        end();
        throw error;
      }
    },
    find(commandId) {
      const command = commands.get(commandId);
      if (!command) throw shellErrors.COMMAND_NOT_FOUND({ commandId });
      return command;
    },
    list: () => [...commands.values()].reverse(),
    async close() {
      await Promise.all([...commands.values()].map((command) => command.kill('SIGTERM')));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
