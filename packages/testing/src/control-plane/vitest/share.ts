import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ControlPlane } from '../control-plane.ts';
import { findControlPlane } from '../find.ts';
import { startControlPlane } from '../start.ts';

/** What test files are told at collection, before anything is started. */
export type SharedControlPlane = { available: true; socketPath: string } | { available: false; reason: string };

declare module 'vitest' {
  export interface ProvidedContext {
    controlPlane: SharedControlPlane;
  }
}

/**
 * One control plane for a whole run of tests, started when the first file asks for it, and never when none does. For a
 * global setup of Vitest: files run in processes of their own, and ask over a socket.
 */
export async function shareControlPlane(
  env: NodeJS.ProcessEnv,
): Promise<{ shared: SharedControlPlane; close: () => Promise<void> }> {
  const source = findControlPlane(env);
  if (source.kind === 'none') {
    return { shared: { available: false, reason: source.reason }, close: () => Promise.resolve() };
  }
  const folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-shared-'));
  const socketPath = path.join(folder, 'control-plane.sock');
  let started: Promise<ControlPlane> | undefined;
  const server = createServer((_request, response) => {
    started ??= startControlPlane({ source });
    started.then(
      ({ address }) => response.end(JSON.stringify(address)),
      (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    shared: { available: true, socketPath },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
      const controlPlane = await started?.catch(() => undefined);
      await controlPlane?.close();
    },
  };
}
