import type { Socket } from 'node:net';
import { hasInput } from './input.ts';
import type { VncConnection } from './vnc-connection.ts';

/**
 * Passes bytes between the gateway's stream and the VNC server's socket, and lets neither outrun the other: what one side has said is
 * read only when the other has taken what was said before. The end of one is the end of both, after what it said last.
 *
 * @param onInput  called when a viewer used keyboard or pointer
 */
export function bridge(viewer: Socket, server: VncConnection, onInput: () => void): void {
  let waitsForViewer = false;
  server.read((bytes) => {
    viewer.write(bytes, () => {
      if (!waitsForViewer || viewer.writableLength > 0) return;
      waitsForViewer = false;
      server.socket.resume();
    });
    // Zero: the kernel has taken all of it, and the bytes may be overwritten by the next ones.
    waitsForViewer = viewer.writableLength > 0;
    return !waitsForViewer;
  });
  viewer.on('data', (bytes: Buffer) => {
    if (hasInput(bytes)) onInput();
    if (server.socket.write(bytes)) return;
    viewer.pause();
    server.socket.once('drain', () => viewer.resume());
  });
  viewer.on('end', () => server.socket.end());
  viewer.on('close', () => server.socket.destroy());
  viewer.on('error', () => server.socket.destroy());
  server.socket.on('error', () => viewer.destroySoon());
  server.socket.on('close', () => viewer.destroySoon());
  if (viewer.destroyed) server.socket.destroy();
  else server.socket.resume();
}
