import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Instance } from '../driver.ts';
import { runCommand } from './command.ts';
import { inside, Installation, missingPrograms, until } from './testing/fixture.ts';

const missing = missingPrograms(['slirp4netns']);
const asRoot = process.getuid?.() === 0;
if (missing.length > 0 || !asRoot)
  console.warn(
    `SKIPPED: managers without root: ${asRoot ? `missing ${missing.join(', ')}` : 'only root can change into them'}`,
  );

/** Somebody without an account here. */
const PERSON = 61_234;

/** What an ordinary person gets, played through by root: as another uid, and with or without access to /dev/net/tun. */
describe.skipIf(missing.length > 0 || !asRoot)('a manager without root', () => {
  let installation: Installation;
  let manager: ChildProcess | undefined;

  beforeEach(async () => {
    installation = await Installation.create();
    await runCommand('chown', ['-R', PERSON.toString(), installation.folder]);
  });
  afterEach(async () => {
    if (manager?.exitCode === null) {
      const exited = once(manager, 'exit');
      manager.kill('SIGTERM');
      await exited;
    }
    manager = undefined;
    await installation.close();
    await until(
      async () => (await runCommand('pgrep', ['-u', PERSON.toString(), '-f', installation.folder])).code !== 0,
      'nothing of it is left',
    );
  });

  const start = async (options: object, withTun: boolean): Promise<Instance> => {
    const places = Object.fromEntries(
      ['data', 'runtime', 'keys'].map((name) => [`${name}Dir`, path.join(installation.folder, name)]),
    );
    const tun =
      'd=$(mktemp -d); mount -t tmpfs tmpfs "$d"; mknod -m 666 "$d/tun" c 10 200; mount --bind "$d/tun" /dev/net/tun; umount -l "$d"; rmdir "$d";';
    const become = [
      'setpriv',
      '--reuid',
      PERSON.toString(),
      '--regid',
      PERSON.toString(),
      '--clear-groups',
      '--bounding-set',
      '-all',
      '--',
    ];
    const run = [
      process.execPath,
      path.join(import.meta.dirname, 'testing/manager.ts'),
      JSON.stringify({ ...places, runRoot: path.join(installation.folder, 'run'), ...options }),
    ];
    manager = spawn('unshare', ['--mount', 'sh', '-euc', `${withTun ? tun : ''} exec "$@"`, 'sh', ...become, ...run], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(manager.stdout!), 'line')) as [string];
    return JSON.parse(line) as Instance;
  };

  test('gives sandboxes a way out by slirp4netns, and closes off what is private', async () => {
    const instance = await start({}, true);
    expect(instance.confinement).toMatchObject({ confined: true, network: 'isolated' });
    const server = createServer((socket) => socket.end('REACHED')).listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    try {
      const { stdout } = await inside(
        instance,
        `for h in 127.0.0.1 10.0.2.2 $(ip route | sed -n 's/^prohibit \\([0-9.]*\\) *$/\\1/p') 10.1.2.3 192.168.0.1 169.254.169.254; do curl -s --http0.9 --max-time 1 http://$h:${port}/ && echo "via $h"; done; id -u; ip route get 203.0.113.80`,
      );
      expect(stdout).not.toContain('REACHED');
      expect(stdout).toMatch(/^1000$/m);
      expect(stdout).toContain('dev tap0');
    } finally {
      server.close();
    }
  });

  test('gives none where that cannot be had, and says so', async () => {
    const instance = await start({}, false);
    expect(instance.confinement.network).toBe('none');
    expect(instance.confinement.notes.join(' ')).toMatch(/no network.*\/dev\/net\/tun/);
    expect(
      (await inside(instance, 'ls /sys/class/net /proc/sys/net/ipv4/conf 2>/dev/null; ip -o link')).stdout,
    ).not.toMatch(/eth0|tap0/);
  });

  test('runs plain processes where the person accepts that', async () => {
    const instance = await start({ unconfined: true }, false);
    expect(instance.confinement).toMatchObject({ confined: false, network: 'host' });
    expect(
      (await inside(instance, 'id -u; echo ok > ~/file; cat ~/file; test -e /etc/shadow && echo host')).stdout,
    ).toBe(`${PERSON}\nok\nhost\n`);
    await inside(instance, 'nohup setsid sleep 1000 >/dev/null 2>&1 &');
  });
});

describe.skipIf(missing.length > 0 || !asRoot)('without confinement, started as root', () => {
  test('a sandbox still has a uid of its own, a display that was free, and a browser', async () => {
    const installation = await Installation.create();
    try {
      await runCommand('chmod', ['-R', 'a+rX', installation.folder]);
      const driver = await installation.driver({ unconfined: true, browserSandbox: true });
      const [one, two] = await Promise.all([
        installation.start(driver, { desktop: true }),
        installation.start(driver, { desktop: true }),
      ]);
      const told = await Promise.all(
        [one, two].map((instance) => inside(instance, 'id -u; echo $DISPLAY; xdotool getdisplaygeometry')),
      );
      const [first = [], second = []] = told.map(({ stdout }) => stdout.trim().split('\n'));
      expect(first[0]).not.toBe('0');
      expect(first[0]).not.toBe(second[0]);
      expect(first[1]).not.toBe(second[1]);
      expect(first[2]).toBe('1280 800');
      await until(
        async () => (await inside(one, 'curl -s http://127.0.0.1:$SANDPIPER_CDP_PORT/json/version')).code === 0,
        'the browser answers',
      );
      await driver.deleteInstance(one.uid, { graceMs: 500 });
      // Zombies are the business of this machine's first process.
      const left = (await runCommand('ps', ['-u', first[0]!, '-o', 'stat=,args='])).stdout.split('\n');
      expect(left.filter((line) => line !== '' && !line.startsWith('Z'))).toEqual([]);
    } finally {
      await installation.close();
    }
  });
});
