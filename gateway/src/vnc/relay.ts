import type { WebSocket } from 'ws';
import { ServerHandshake, ViewerHandshake } from './handshake.ts';
import { RfbViolation, ViewerFilter } from './viewer-filter.ts';

export interface DesktopRelayOptions {
  /** The person's side: an open WebSocket. */
  viewer: WebSocket;
  /** The sandbox's side: an open WebSocket, paused so that nothing is lost, that carries the bytes of its VNC server. */
  desktop: WebSocket;
  /** Asked for each input message. */
  mayInput: () => boolean;
  /** Called once, when both sides are closed or closing. */
  onClose?: (reason: string) => void;
}

/** Above this much unsent, the faster side is paused until the slower one has drained. */
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
  // What one side said before the other had finished its handshake; bounded because that side is paused meanwhile.
  let earlyFromViewer: Buffer = Buffer.alloc(0);
  let earlyFromDesktop: Buffer = Buffer.alloc(0);
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
      if (earlyFromDesktop.length > 0) forward(desktop, viewer, earlyFromDesktop);
      earlyFromDesktop = Buffer.alloc(0);
      if (!desktopReady) viewer.pause();
      bytes = step.rest;
    }
    if (!desktopReady) {
      earlyFromViewer = Buffer.concat([earlyFromViewer, bytes]);
      return;
    }
    for (const part of filter.push(bytes)) forward(viewer, desktop, part);
  };

  const fromDesktop = (bytes: Buffer): void => {
    if (!desktopReady) {
      const step = towardsDesktop.push(bytes);
      if (step.reply.length > 0) desktop.send(step.reply);
      if (!step.done) return;
      desktopReady = true;
      viewer.resume();
      if (earlyFromViewer.length > 0) for (const part of filter.push(earlyFromViewer)) forward(viewer, desktop, part);
      earlyFromViewer = Buffer.alloc(0);
      bytes = step.rest;
    }
    if (!viewerReady) {
      earlyFromDesktop = Buffer.concat([earlyFromDesktop, bytes]);
      if (earlyFromDesktop.length > HIGH_WATER_BYTES) throw new RfbViolation('The desktop speaks before it is asked.');
      return;
    }
    if (bytes.length > 0) forward(desktop, viewer, bytes);
  };

  const reading = (read: (bytes: Buffer) => void) => (message: Buffer, isBinary: boolean) => {
    if (closed) return;
    try {
      if (!isBinary) throw new RfbViolation('RFB travels in binary frames.');
      read(message);
    } catch (error) {
      close(CLOSE_POLICY, error instanceof RfbViolation ? error.message.slice(0, 120) : 'protocol error');
    }
  };

  viewer.on('message', reading(fromViewer));
  desktop.on('message', reading(fromDesktop));
  viewer.on('close', () => close(CLOSE_GONE, 'the viewer left'));
  desktop.on('close', () => close(CLOSE_GONE, 'the desktop is gone'));
  viewer.on('error', () => close(CLOSE_GONE, 'the viewer failed'));
  desktop.on('error', () => close(CLOSE_GONE, 'the desktop failed'));
  viewer.send(towardsViewer.greeting);
  if (desktop.isPaused) desktop.resume();
}

/** Sends on, and holds the sender back while the receiver has too much to swallow. */
function forward(from: WebSocket, to: WebSocket, bytes: Buffer): void {
  to.send(bytes, () => {
    if (from.isPaused && to.bufferedAmount < HIGH_WATER_BYTES / 4) from.resume();
  });
  if (to.bufferedAmount > HIGH_WATER_BYTES) from.pause();
}
