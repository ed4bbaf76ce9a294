import { z } from 'zod';
import type { Computers } from '../computers/computers.ts';
import type { Tickets } from '../tickets/tickets.ts';
import type { PreparedSocket } from '../viewers/prepared-socket.ts';
import { relayTerminal } from './relay.ts';

export interface TerminalSocketDeps {
  tickets: Tickets;
  computers: Computers;
}

const size = z.object({
  cols: z.coerce.number().int().min(1).max(1000).catch(80),
  rows: z.coerce.number().int().min(1).max(1000).catch(24),
});

/**
 * `/ws/terminal?ticket=…&cols=…&rows=…`: a shell of the person's own in the computer.
 * Throws `TICKET_INVALID` and what `Computers.connect` throws.
 */
export async function prepareTerminalSocket(deps: TerminalSocketDeps, url: URL): Promise<PreparedSocket> {
  const claims = await deps.tickets.redeem(url.searchParams.get('ticket') ?? '', 'terminal');
  const { cols, rows } = size.parse(Object.fromEntries(url.searchParams));
  const computer = await deps.computers.connect(claims.sessionId, { need: 'tools' });
  const shell = await computer.openSocket(`/v1/pty?cols=${cols}&rows=${rows}`, { scope: 'control' });
  shell.pause();
  return { accept: (viewer) => relayTerminal(viewer, shell), abandon: () => shell.close() };
}
