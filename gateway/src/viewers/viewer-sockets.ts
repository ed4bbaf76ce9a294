import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Computers } from '../computers/computers.ts';
import type { ControlLeases } from '../control/control-leases.ts';
import type { Upgrade, UpgradeRouter } from '../http/upgrades.ts';
import type { SessionHub } from '../sessions/hub.ts';
import { prepareTerminalSocket } from '../terminal/terminal-socket.ts';
import type { Tickets } from '../tickets/tickets.ts';
import { prepareDesktopSocket } from '../vnc/desktop-socket.ts';
import type { PreparedSocket } from './prepared-socket.ts';

export interface ViewerSocketsOptions {
  upgrades: UpgradeRouter;
  tickets: Tickets;
  hub: SessionHub;
  computers: Computers;
  control: ControlLeases;
}

/** Larger frames than any viewer sends; the filter of the desktop's stream has a bound of its own per message. */
const MAX_FRAME_BYTES = 2 * 1024 * 1024;
const PING_MS = 20_000;
const CLOSE_GOING_AWAY = 1001;

/** `/ws/vnc` and `/ws/terminal`: a person's eyes and hands on a computer. */
export function mountViewerSockets(options: ViewerSocketsOptions): { close(): void } {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    perMessageDeflate: false,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: (protocols) => (protocols.has('binary') ? 'binary' : false),
  });

  const serve =
    (prepare: (url: URL) => Promise<PreparedSocket>) =>
    async ({ request, socket, head, url }: Upgrade): Promise<void> => {
      const prepared = await prepare(url);
      // Called back in the same turn, or never when the request was no proper upgrade or its socket is gone.
      const accepted: WebSocket[] = [];
      server.handleUpgrade(request, socket, head, (viewer) => accepted.push(viewer));
      const [viewer] = accepted;
      if (!viewer) {
        prepared.abandon();
        return;
      }
      watchForSilence(viewer);
      prepared.accept(viewer);
    };
  options.upgrades.route(
    '/ws/vnc',
    serve((url) => prepareDesktopSocket(options, url)),
  );
  options.upgrades.route(
    '/ws/terminal',
    serve((url) => prepareTerminalSocket(options, url)),
  );

  return {
    close() {
      for (const viewer of server.clients) viewer.close(CLOSE_GOING_AWAY, 'the server is shutting down');
      server.close();
    },
  };
}

/** A viewer whose network vanished never says goodbye: one that misses a ping is cut off, and gives back what it holds. */
function watchForSilence(viewer: WebSocket): void {
  let answered = true;
  viewer.on('pong', () => (answered = true));
  const timer = setInterval(() => {
    if (!answered) {
      viewer.terminate();
      return;
    }
    answered = false;
    viewer.ping();
  }, PING_MS);
  viewer.on('close', () => clearInterval(timer));
}
