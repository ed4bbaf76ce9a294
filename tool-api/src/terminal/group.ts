import type { Activity } from '../activity.ts';
import type { Config } from '../config.ts';
import { errors } from '../errors.ts';
import type { Group } from '../group.ts';
import { parseRequest } from '../http/failure.ts';
import { openTerminal, terminalSize, type Terminal } from './terminal.ts';

const MAX_TERMINALS = 20;

/**
 * `WS /v1/pty?cols=&rows=`: a shell on a terminal. Binary frames are bytes of the terminal, both ways; text frames are JSON:
 * `{"type":"resize","cols","rows"}` to it, `{"type":"exit","exitCode","signal"}` from it, after which it closes.
 */
export function createTerminalGroup(
  config: Pick<Config, 'workspace'>,
  deps: { activity: Activity; environment: () => Record<string, string> },
): Group {
  const { activity, environment } = deps;
  const open = new Set<Terminal>();
  // A terminal that only stands open keeps nothing awake; one in which something runs does.
  const stopWatching = activity.watch(() => ([...open].some((terminal) => terminal.isBusy()) ? 'command' : undefined));

  return {
    upgrades: [
      {
        path: '/v1/pty',
        scopes: ['tools', 'control'],
        prepare({ url }) {
          const size = parseRequest(terminalSize, Object.fromEntries(url.searchParams));
          if (open.size >= MAX_TERMINALS) throw errors.TOO_MANY_TERMINALS({ limit: MAX_TERMINALS });
          return Promise.resolve((socket) => {
            const terminal = openTerminal(socket, {
              size,
              cwd: config.workspace,
              env: environment(),
              onInput: () => activity.touch('viewer'),
              onClosed: () => open.delete(terminal),
            });
            open.add(terminal);
          });
        },
      },
    ],
    async close() {
      stopWatching();
      await Promise.all([...open].map((terminal) => terminal.close()));
    },
  };
}
