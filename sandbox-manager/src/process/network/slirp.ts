import { spawn } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import type { Stream } from 'node:stream';
import { ProcessDriverError } from '../errors.ts';
import { identify, type ProcessId } from '../processes.ts';
import { DENIED, DISABLE_IPV6, type Network } from './network.ts';

const GATEWAY = '10.0.2.2';
const RESOLVER = '10.0.2.3';

/**
 * The way out without root: slirp4netns speaks for the sandbox from the host's side, as the person who started us. Who may
 * be spoken to is decided by routes in the sandbox' namespace: it is owned by a user namespace that the sandbox is not in,
 * so the sandbox cannot change them. slirp4netns itself refuses the host's loopback and answers DNS.
 *
 * One slirp4netns per sandbox; it ends by itself as soon as the launcher's end of its exit pipe closes.
 */
export function createSlirpNetwork(): Network {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const ownIPv4 = own
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => `${address}/32`);
  return {
    kind: 'isolated',
    notes: [],
    resolvConf: `nameserver ${RESOLVER}\n`,
    // Not mapped to root: a namespace inside of it could not map that root again without rights we drop (user_namespaces(7)).
    unshare: ['--user', '--map-current-user', '--keep-caps', '--net'],
    bwrap: [],
    // File 4 is the pipe that slirp4netns watches. On it we say that the namespaces exist (before that, it would join the
    // host's), and hear that the interface is there.
    script: `${DISABLE_IPV6}
echo made >&4
read -r _ <&4
ip -batch - <<'ROUTES'
link set lo up
route flush table main
route add ${GATEWAY}/32 dev tap0 scope link
route add ${RESOLVER}/32 dev tap0 scope link
route add default via ${GATEWAY} dev tap0
${[...DENIED, ...ownIPv4].map((range) => `route add prohibit ${range}`).join('\n')}
ROUTES`,
    environment: {},
    attach,
    close: () => Promise.resolve(),
  };
}

/** Starts slirp4netns for the namespace of a process and waits, bounded, until the interface is up. */
async function attach(launcherPid: number, exitPipe: Stream): Promise<ProcessId> {
  const pid = launcherPid.toString();
  const child = spawn(
    'slirp4netns',
    ['--configure', '--mtu=65520', '--disable-host-loopback', '--ready-fd=3', '--exit-fd=4', pid, 'tap0'],
    { detached: true, stdio: ['ignore', 'ignore', 'pipe', 'pipe', exitPipe] },
  );
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)));
  const ready = await new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), 3000);
    const finish = (value: boolean): void => {
      clearTimeout(timer);
      resolve(value);
    };
    child.stdio[3]?.once('data', () => finish(true));
    child.once('exit', () => finish(false)).once('error', () => finish(false));
  });
  const id = child.pid === undefined ? undefined : identify(child.pid);
  if (!ready || id === undefined) {
    child.kill('SIGKILL');
    throw new ProcessDriverError('START_FAILED', `slirp4netns did not come up: ${stderr.trim() || 'no answer'}`);
  }
  child.unref();
  for (const stream of child.stdio) if (stream && 'unref' in stream) (stream as { unref: () => void }).unref();
  return id;
}
