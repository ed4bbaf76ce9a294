import type { InstanceStream } from '@sandpiper/instance';
import type { WebSocket } from 'ws';
import { ServerHandshake, ViewerHandshake } from './handshake.ts';
import { RfbViolation, ViewerFilter } from './viewer-filter.ts';

export interface DesktopRelayOptions {
  /** The person's side: an open WebSocket. */
  viewer: WebSocket;
  /** The sandbox's side: the bytes of its VNC server, not read yet. */
  desktop: InstanceStream;
  /** Asked for each input message. */
  mayInput: () => boolean;
  /** Called once, when both sides are closed or closing. */
  onClose?: (reason: string) => void;
}

/** Above this much unsent towards the desktop, the viewer is paused until a quarter of it is left. */
const HIGH_WATER_BYTES = 1024 * 1024;

const CLOSE_POLICY = 1008;
const CLOSE_GONE = 1001;

/**
 * Joins a viewer to a desktop. What the desktop sends passes as it is; what the viewer sends is read (`ViewerFilter`). Both
 * handshakes end here, at the same time, so that the relay costs no extra round trip.
 */
export function relayDesktop({ viewer, desktop, mayInput, onClose }: DesktopRelayOptions): void {
  const towardsViewer = new ViewerHandshake();
  const towardsDesktop = new ServerHandshake();
  const filter = new ViewerFilter({ mayInput });
  let viewerReady = false;
  let desktopReady = false;
  // What one side said before the other had finished its handshake. Of the viewer it is bounded because that side is paused
  // meanwhile, of the desktop because there is no further chunk before the first was shown.
  let earlyFromViewer: Buffer = Buffer.alloc(0);
  let earlyFromDesktop: (() => void) | undefined;
  let closed = false;

  const close = (code: number, reason: string): void => {
    if (closed) return;
    closed = true;
    viewer.close(code, reason);
    desktop.close();
    onClose?.(reason);
  };

  const fromViewer = (bytes: Buffer): void => {
    if (!viewerReady) {
      const step = towardsViewer.push(bytes);
      if (step.reply.length > 0) viewer.send(step.reply);
      if (!step.done) return;
      viewerReady = true;
      earlyFromDesktop?.();
      earlyFromDesktop = undefined;
      if (!desktopReady) viewer.pause();
      bytes = step.rest;
    }
    if (!desktopReady) {
      earlyFromViewer = Buffer.concat([earlyFromViewer, bytes]);
      return;
    }
    for (const part of filter.push(bytes)) tell(desktop, viewer, part);
  };

  const fromDesktop = (chunk: Buffer, next: () => void): void => {
    let bytes = chunk;
    if (!desktopReady) {
      const step = towardsDesktop.push(chunk);
      if (step.reply.length > 0) desktop.write(step.reply);
      bytes = step.rest;
      if (step.done) {
        desktopReady = true;
        viewer.resume();
        if (earlyFromViewer.length > 0) for (const part of filter.push(earlyFromViewer)) tell(desktop, viewer, part);
        earlyFromViewer = Buffer.alloc(0);
      }
    }
    if (bytes.length === 0) next();
    else if (viewerReady) show(viewer, bytes, next);
    else earlyFromDesktop = () => show(viewer, bytes, next);
  };

  const guarded = (read: () => void): void => {
    if (closed) return;
    try {
      read();
    } catch (error) {
      close(CLOSE_POLICY, error instanceof RfbViolation ? error.message.slice(0, 120) : 'protocol error');
    }
  };

  viewer.on('message', (message: Buffer, isBinary) =>
    guarded(() => {
      if (!isBinary) throw new RfbViolation('RFB travels in binary frames.');
      fromViewer(message);
    }),
  );
  viewer.on('close', () => close(CLOSE_GONE, 'the viewer left'));
  viewer.on('error', () => close(CLOSE_GONE, 'the viewer failed'));
  desktop.onClose(() => close(CLOSE_GONE, 'the desktop is gone'));
  viewer.send(towardsViewer.greeting);
  desktop.read((chunk, next) => guarded(() => fromDesktop(chunk, next)));
}

/**
 * Sends a chunk of the desktop as one frame, uncopied. The next one is asked for when this one is out: at once if the kernel took all
 * of it, so that a viewer who keeps up never waits, and one who does not holds up the desktop.
 */
function show(viewer: WebSocket, chunk: Buffer, next: () => void): void {
  viewer.send(chunk, next);
  if (viewer.bufferedAmount === 0) next();
}

/** Sends on to the desktop, and holds the viewer back while the desktop has too much to swallow. */
function tell(desktop: InstanceStream, viewer: WebSocket, bytes: Buffer): void {
  desktop.write(bytes, () => {
    if (viewer.isPaused && desktop.unsentBytes < HIGH_WATER_BYTES / 4) viewer.resume();
  });
  if (desktop.unsentBytes > HIGH_WATER_BYTES) viewer.pause();
}
