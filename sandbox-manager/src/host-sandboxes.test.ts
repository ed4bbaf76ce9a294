import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { itKeepsTheContract } from '@sandpiper/sandboxes/testing';
import pino from 'pino';
import { describe } from 'vitest';
import { createSandboxManager } from './manager.ts';
import { StandInDriver, StandInHost } from './testing/stand-in-driver.ts';

describe('sandboxes of one host', () => {
  itKeepsTheContract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'host-sandboxes-'));
    const host = new StandInHost(folder);
    const manager = await createSandboxManager({
      dataDir: join(folder, 'data'),
      driver: new StandInDriver(host),
      signer: { issuer: 'manager', sign: ({ uid }) => `token-for-${uid}` },
      logger: pino({ level: 'silent' }),
    });
    return {
      sandboxes: manager.sandboxes,
      refuseStarts() {
        host.refuses = 'There is no room.';
      },
      async close() {
        await manager.close('stop');
        await host.endAll();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
});
