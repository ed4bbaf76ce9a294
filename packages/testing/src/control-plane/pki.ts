import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pki, serverHosts } from './arguments.ts';
import type { Layout } from './arguments.ts';
import { createAuthority, loadAuthority } from './certificates/authority.ts';
import type { Authority } from './certificates/authority.ts';

/**
 * Writes what the programs read. The authority and the key of service accounts are kept with the data, since tokens and
 * kubeconfigs that were given out rest on them; the server's certificate is new each time.
 */
export async function writePki(layout: Layout): Promise<Authority> {
  await mkdir(path.join(layout.dataFolder, 'pki'), { recursive: true, mode: 0o700 });
  const write = (name: string, text: string): Promise<void> => writeFile(pki(layout, name), text, { mode: 0o600 });
  const read = (name: string): Promise<string | undefined> =>
    readFile(pki(layout, name), 'utf8').catch(() => undefined);

  const [key, certificate] = await Promise.all([read('ca.key'), read('ca.crt')]);
  const kept = key !== undefined && certificate !== undefined && (await read('sa.pub')) !== undefined;
  const authority = kept ? loadAuthority({ key, certificate }) : createAuthority('sandpiper-control-plane');
  if (!kept) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    await write('ca.key', authority.key);
    await write('ca.crt', authority.certificate);
    await write('sa.key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    await write('sa.pub', publicKey.export({ type: 'spki', format: 'pem' }).toString());
  }
  const server = authority.issueServer('kube-apiserver', serverHosts);
  await write('server.key', server.key);
  await write('server.crt', server.certificate);
  return authority;
}
