import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';

/** How much may wait to be sent to a viewer before the VNC server is asked to wait. */
const HIGH_WATER_BYTES = 1024 * 1024;

const KEY_EVENT = 4;
const POINTER_EVENT = 5;

/**
 * Passes bytes between a WebSocket and the VNC server's socket, and lets neither outrun the other: the side that reads too slowly stops
 * the side that sends.
 *
 * @param onInput  called for a viewer's message that begins like a key or pointer event. A viewer sends one RFB message per frame; one
 *   that does not only fails to count as activity. The gateway is what parses, and refuses.
 */
export function bridge(viewer: WebSocket, server: Socket, onInput: () => void): void {
  let waitsForViewer = false;
  server.on('data', (chunk: Buffer) => {
    viewer.send(chunk, () => {
      if (waitsForViewer && viewer.bufferedAmount < HIGH_WATER_BYTES / 2) {
        waitsForViewer = false;
        server.resume();
      }
    });
    if (viewer.bufferedAmount > HIGH_WATER_BYTES) {
      waitsForViewer = true;
      server.pause();
    }
  });
  viewer.on('message', (message: RawData) => {
    const bytes = toBuffer(message);
    if (bytes[0] === KEY_EVENT || bytes[0] === POINTER_EVENT) onInput();
    if (server.write(bytes)) return;
    viewer.pause();
    server.once('drain', () => viewer.resume());
  });
  viewer.on('close', () => server.destroy());
  viewer.on('error', () => server.destroy());
  server.on('error', () => viewer.close(1011, 'The VNC server failed.'));
  server.on('close', () => viewer.close(1001, 'The VNC server closed the connection.'));
  server.resume();
}

function toBuffer(message: RawData): Buffer {
  if (Buffer.isBuffer(message)) return message;
  return Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message);
}
