import { readFile } from 'node:fs/promises';
import { isIPv4 } from 'node:net';

/**
 * The DNS servers of this host that a sandbox can be let through to.
 *
 * @returns `direct`: addresses off this host. Where there are none but a resolver on the host's loopback: `viaLoopback`.
 */
export async function findResolvers(files = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']): Promise<{
  direct: string[];
  viaLoopback?: string;
}> {
  let viaLoopback: string | undefined;
  for (const file of files) {
    const servers = nameservers(await readFile(file, 'utf8').catch(() => ''));
    const direct = servers.filter((address) => !address.startsWith('127.'));
    if (direct.length > 0) return { direct };
    viaLoopback ??= servers[0];
  }
  return { direct: [], ...(viaLoopback === undefined ? {} : { viaLoopback }) };
}

/** IPv4 only, as are sandboxes. */
function nameservers(resolvConf: string): string[] {
  return resolvConf.split('\n').flatMap((line) => {
    const [word, address] = line.trim().split(/\s+/);
    return word === 'nameserver' && address !== undefined && isIPv4(address) ? [address] : [];
  });
}
