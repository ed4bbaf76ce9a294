import path from 'node:path';
import type { Activity } from '../activity.ts';
import type { Config } from '../config.ts';
import type { Group } from '../group.ts';
import { createCommands } from './commands.ts';
import { commandStreamRoute } from './stream.ts';
import { createShellTools } from './tools.ts';

/** Commands: run, read, write, kill, list, and their output as a stream. */
export async function createShellGroup(
  config: Config,
  deps: { activity: Activity; environment: () => Record<string, string> },
): Promise<Group> {
  const commands = await createCommands({
    directory: path.join(config.runDir, 'state/commands'),
    workspace: config.workspace,
    ...deps,
  });
  return {
    tools: createShellTools({ commands }),
    routes: [commandStreamRoute(commands)],
    close: () => commands.close(),
  };
}
