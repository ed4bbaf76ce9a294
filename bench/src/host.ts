import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSigner, generateKeyPair } from '@sandpiper/capability';
import type { Signer } from '@sandpiper/capability';
import { createInstanceClient } from '@sandpiper/instance';
import type { InstanceClient } from '@sandpiper/instance';
import { createProcessDriver, createSandboxManager } from '@sandpiper/sandbox-manager';
import type { SandboxManager } from '@sandpiper/sandbox-manager';
import { buildRuntime } from '../../hack/build-runtime.ts';

/** A sandbox-manager with the process driver on a folder of its own, as `npm start` composes it. */
export interface Host {
  manager: SandboxManager;
  signer: Signer;
  connect(sessionId: string, need: 'tools' | 'desktop'): Promise<InstanceClient>;
  close(): Promise<void>;
}

const silent = { debug: () => undefined, info: () => undefined, warn: console.error, error: console.error };

export async function startHost(): Promise<Host> {
  const runtimeDir = await buildRuntime();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'sandpiper-bench-'));
  const keysDir = path.join(dataDir, 'keys');
  await mkdir(keysDir);
  const [ofManager, ofGateway] = [generateKeyPair(), generateKeyPair()];
  await writeFile(path.join(keysDir, `manager.${ofManager.kid}.pem`), ofManager.publicKeyPem);
  await writeFile(path.join(keysDir, `gateway.${ofGateway.kid}.pem`), ofGateway.publicKeyPem);
  const signer = createSigner({ ...ofGateway, issuer: 'gateway' });

  const driver = await createProcessDriver({ dataDir, runtimeDir, keysDir, logger: silent });
  const manager = await createSandboxManager({
    dataDir,
    driver,
    signer: createSigner({ ...ofManager, issuer: 'manager' }),
    logger: silent,
  });
  return {
    manager,
    signer,
    async connect(sessionId, need) {
      await manager.sandboxes.ensure({ sessionId, owner: 'bench' });
      const { address, uid } = await manager.sandboxes.connect(sessionId, { need, timeoutMs: 30_000 });
      return createInstanceClient({ address, uid, signer });
    },
    async close() {
      await manager.close('stop');
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
