import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSigner, generateKeyPair, type KeyPair, type Signer } from '@sandpiper/capability';
import type { Endpoint } from '@sandpiper/sandboxes';

export interface TestToolApi {
  readonly endpoint: Endpoint;
  readonly signer: Signer;
  /** What the signer signs with. */
  readonly key: KeyPair;
  readonly workspace: string;
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../../tool-api/src/main.ts', import.meta.url));

/**
 * The real tool-api as a process of its own, without a desktop and without confinement, on a socket in a folder of its own or
 * on a port of loopback.
 */
export async function startToolApi(on: 'socket' | 'loopback' = 'socket'): Promise<TestToolApi> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sandpiper-tool-api-'));
  const [keys, run, workspace] = ['keys', 'run', 'home'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [keys, run, workspace]) await mkdir(each);
  const pair = generateKeyPair();
  await writeFile(path.join(keys, `gateway.${pair.kid}.pem`), pair.publicKeyPem);
  const socket = path.join(run, 'tool.sock');
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      SANDPIPER_UID: 'test-uid',
      SANDPIPER_LISTEN: on === 'socket' ? `unix:${socket}` : 'tcp:127.0.0.1:0',
      SANDPIPER_RUN_DIR: run,
      SANDPIPER_KEYS_DIR: keys,
      SANDPIPER_WORKSPACE: workspace,
      SANDPIPER_DESKTOP: 'false',
    },
  });
  const exited = once(child, 'exit');
  const [line] = await Promise.race([
    once(child.stdout, 'data') as Promise<[Buffer]>,
    exited.then(([code]) => Promise.reject(new Error(`tool-api ended with ${String(code)}`))),
  ]);
  child.stdout.resume();
  const { address } = JSON.parse(line.toString()) as { address: string };
  return {
    endpoint: { address, uid: 'test-uid' },
    key: pair,
    signer: createSigner({ kid: pair.kid, privateKeyPem: pair.privateKeyPem, issuer: 'gateway' }),
    workspace,
    async close() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
