import type { Computers } from '../computers/computers.ts';
import type { ControlLeases } from '../control/control-leases.ts';
import type { SessionHub } from '../sessions/hub.ts';
import type { Tickets } from '../tickets/tickets.ts';
import type { PreparedSocket } from '../viewers/prepared-socket.ts';
import { relayDesktop } from './relay.ts';

export interface DesktopSocketDeps {
  tickets: Tickets;
  hub: SessionHub;
  computers: Computers;
  control: ControlLeases;
}

/**
 * `/ws/vnc?ticket=…`: redeems the ticket, wakes the computer if need be and connects to its desktop, all before the WebSocket is
 * accepted, so that a refusal is a plain HTTP answer.
 * Throws `TICKET_INVALID` and what `Computers.connect` throws.
 */
export async function prepareDesktopSocket(deps: DesktopSocketDeps, url: URL): Promise<PreparedSocket> {
  const { tickets, hub, computers, control } = deps;
  const claims = await tickets.redeem(url.searchParams.get('ticket') ?? '', 'vnc');
  const { sessionId, viewerId, userId } = claims;
  const computer = await computers.connect(sessionId, { need: 'desktop' });
  // Asked for with the scope of the ticket's mode; which input passes is decided here, message by message.
  // Its greeting waits until the viewer is there.
  const desktop = await computer.openStream('/v1/vnc', { protocol: 'rfb', scope: claims.mode });

  let holder = (await hub.state(sessionId)).control;
  const unsubscribe = hub.subscribe(sessionId, (frame) => {
    if (frame.kind === 'event' && frame.event.type === 'control.changed') holder = frame.event;
  });
  return {
    abandon() {
      unsubscribe();
      desktop.close();
    },
    accept(viewer) {
      const disconnected = control.connected(sessionId, viewerId);
      relayDesktop({
        viewer,
        desktop,
        mayInput: () =>
          claims.mode === 'control' &&
          holder.holder === 'person' &&
          holder.viewerId === viewerId &&
          holder.userId === userId,
        onClose: () => {
          unsubscribe();
          disconnected();
        },
      });
    },
  };
}
