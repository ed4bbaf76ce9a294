import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Driver, Instance } from '../driver.ts';
import { inside, Installation, missingPrograms, until } from './testing/fixture.ts';

const missing = missingPrograms();
if (missing.length > 0)
  console.warn(`SKIPPED: all attacks on the confinement, because this machine lacks ${missing.join(', ')}`);

/**
 * Every claim of confinement, attacked from inside of a sandbox that was started like any other. What an attack looks for is
 * first shown to exist outside, so that a test cannot pass because its target is missing.
 */
describe.skipIf(missing.length > 0)('code in a sandbox', () => {
  const secret = `secret-${randomUUID()}`;
  let installation: Installation;
  let driver: Driver;
  let sandbox: Instance;
  let neighbour: Instance;
  const listeners: Server[] = [];
  const attack = (command: string): ReturnType<typeof inside> => inside(sandbox, command);

  beforeAll(async () => {
    installation = await Installation.create();
    driver = await installation.driver({ limits: { memoryBytes: 1024 ** 3, pids: 400 } });
    [sandbox, neighbour] = await Promise.all([
      installation.start(driver, { desktop: true }),
      installation.start(driver, { desktop: true }),
    ]);
    await Promise.all([attack('true'), inside(neighbour, 'true')]);
  });
  afterAll(async () => {
    for (const listener of listeners) listener.close();
    await installation.close();
  });
  const listen = async (host: string): Promise<number> => {
    const server = createServer((socket) => socket.end(secret)).listen(0, host);
    listeners.push(server);
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  };

  test('is not root, holds no capability, and gains none', async () => {
    const { stdout } = await attack(
      'id -u; grep -E "^Cap(Prm|Eff|Bnd|Amb)|^NoNewPrivs" /proc/self/status; cat /proc/self/uid_map',
    );
    expect(stdout).toMatch(/^1000$/m);
    for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'])
      expect(stdout).toMatch(new RegExp(`${set}:\\s+0+$`, 'm'));
    expect(stdout).toMatch(/NoNewPrivs:\s+1/);
    const launcher = await leaseOf(installation, sandbox);
    const status = await readFile(`/proc/${launcher.first.pid}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0');
    expect(/^Groups:[ \t]*(.*)$/m.exec(status)?.[1]?.split(' ')).not.toContain('0');
  });

  test('gains nothing from setuid programs', async () => {
    const { stdout } = await attack(
      'find /usr/bin -perm -4000 -type f; su -c id root </dev/null; mount -t tmpfs x /tmp',
    );
    expect(stdout).toMatch(/bin\/su$/m);
    expect(stdout).not.toMatch(/uid=0/);
  });

  test('cannot read what belongs to the person, the host or the installation', async () => {
    const planted = path.join(installation.folder, 'data', 'master.key');
    await writeFile(planted, secret);
    for (const file of [
      planted,
      '/etc/shadow',
      '/root/.ssh',
      '/root',
      '/work',
      '/var/log',
      '/var/lib/dpkg/status',
      '/etc/sudoers',
      '/run/docker.sock',
      '/sys/kernel',
      '/boot',
      '/mnt',
      '/srv',
    ]) {
      const outcome = await attack(`cat '${file}' 2>&1; ls '${file}'`);
      expect.soft(outcome.code, file).not.toBe(0);
      expect.soft(outcome.stdout, file).toMatch(/No such file|Permission denied/);
    }
    const passwd = await attack('cat /etc/passwd /etc/group');
    expect(passwd.stdout.split('\n').filter((line) => line.includes(':'))).toHaveLength(6);
    const found = await attack(`grep -rl '${secret}' / --exclude-dir=proc --exclude-dir=usr 2>/dev/null`);
    expect(found.stdout).toBe('');
  });

  test('sees nobody else’s workspace, sockets or lease', async () => {
    await inside(neighbour, `echo ${secret} > ~/private`);
    const outcome = await attack(
      `ls -d /home/*; ls -a ~; ls /tmp/sandpiper* /run; cat ~/private; find / -xdev -name private -not -path '/proc/*' 2>/dev/null`,
    );
    expect(outcome.stdout).not.toContain('private');
    expect(outcome.stdout.split('\n').filter((line) => line.startsWith('/home/'))).toEqual(['/home/agent']);
    expect(outcome.stdout).not.toContain(installation.folder);
    const escape = await attack(
      `cat ~/../../../../../../..${installation.folder}/data/workspaces/${neighbour.workspace}/home/private`,
    );
    expect(escape.code).not.toBe(0);
  });

  test('writes only to its workspace and its scratch', async () => {
    const writable = await attack(
      `find / -xdev -writable \\( -type d -o -type f \\) -not -path '/proc/*' 2>/dev/null; for d in / /usr /etc /etc/X11 /opt/sandpiper /etc/sandpiper/keys /dev /var /var/tmp/x /run /home /usr/local/bin; do touch $d/planted 2>/dev/null && echo "WROTE $d"; done; touch ~/fine /tmp/fine && echo ok`,
    );
    expect(writable.stdout).toMatch(/ok/);
    expect(writable.stdout).not.toContain('WROTE');
    expect(existsSync('/usr/planted')).toBe(false);
  });

  test('sees only its own processes, and can neither signal nor trace others', async () => {
    const victim = spawn('sleep', ['1000']);
    try {
      const { stdout } = await attack(
        `ls /proc | grep -E '^[0-9]+$' | wc -l; grep -l '${installation.folder}' /proc/[0-9]*/environ 2>/dev/null; kill -9 ${victim.pid}; kill -9 ${process.pid}; cat /proc/${victim.pid}/environ`,
      );
      expect(Number(stdout.split('\n')[0])).toBeLessThan(100);
      expect(victim.exitCode).toBeNull();
      process.kill(victim.pid!, 0);
    } finally {
      victim.kill('SIGKILL');
    }
  });

  test('that kills all it can reach ends itself, and nobody else', async () => {
    const doomed = await installation.start(driver);
    await inside(doomed, 'true');
    await inside(doomed, 'kill -9 -1').catch(() => undefined);
    await until(
      async () => (await driver.list()).some(({ uid, state }) => uid === doomed.uid && state === 'Exited'),
      'it ended itself',
    );
    expect((await inside(neighbour, 'echo alive')).stdout).toBe('alive\n');
    expect((await driver.list()).find(({ uid }) => uid === doomed.uid)?.exit?.reason).toBe('Crashed');
    await driver.deleteInstance(doomed.uid, { graceMs: 0 });
  });

  test('cannot mount over, or look under, what it sees', async () => {
    const outcome = await attack(
      'mount --bind /tmp /usr; umount /usr; umount -l /home/agent; mount -o remount,rw /usr; mkdir /tmp/p; unshare --user --map-root-user --mount sh -c "mount -o remount,rw /usr && touch /usr/planted; umount -l /etc/passwd; umount -l /usr && ls /usr; mount -t proc proc /tmp/p && ls /tmp/p"',
    );
    expect(outcome.stdout).not.toMatch(/sbin/);
    expect(existsSync('/usr/planted')).toBe(false);
    expect((await attack('cat /etc/passwd')).stdout).toContain('agent');
  });

  test('has no device of the host', async () => {
    const { stdout } = await attack(
      'ls /dev; cat /dev/mem /dev/kmsg /dev/vda /dev/sda; mknod /tmp/disk b 254 0; cat /tmp/disk; unshare --user --map-root-user mknod /tmp/disk2 b 254 0; ls /tmp',
    );
    expect(stdout.split('\n')).not.toContain('kmsg');
    expect(stdout).not.toContain('disk');
  });

  test('cannot change the kernel', async () => {
    const before = await readFile('/proc/sys/kernel/core_pattern', 'utf8');
    await attack(
      'echo "|/tmp/evil" > /proc/sys/kernel/core_pattern; echo b > /proc/sysrq-trigger; unshare --user --map-root-user sh -c "echo x > /proc/sys/kernel/core_pattern"; hostname evil; unshare -Ur sh -c "hostname evil"',
    );
    expect(await readFile('/proc/sys/kernel/core_pattern', 'utf8')).toBe(before);
    expect((await attack('cat /proc/kcore | head -c 1')).stdout).toBe('');
  });

  test('reaches no X server, bus or socket of the host, by file or by abstract name', async () => {
    const name = `sandpiper-test-${randomUUID()}`;
    const abstract = createServer((socket) => socket.end(secret)).listen(`\0${name}`);
    listeners.push(abstract);
    await once(abstract, 'listening');
    const hello = `const s=require('net').connect(process.argv[1].replace('@','\\0'));s.on('data',d=>console.log('GOT '+d)).on('error',e=>console.log(e.code)).on('close',()=>process.exit())`;
    const connect = (address: string): Promise<string> =>
      attack(`node -e "${hello}" '${address}'`).then(({ stdout }) => stdout);
    expect(await connect(`@${name}`)).toMatch(/ECONNREFUSED/);
    expect(await connect('/run/dbus/system_bus_socket')).toMatch(/ENOENT/);
    expect(await connect('@/tmp/.X11-unix/X1')).toMatch(/ECONNREFUSED/);
    expect((await attack('ls /tmp/.X11-unix; cat /proc/net/unix')).stdout).not.toContain(name);
    expect((await attack('ls /tmp/.X11-unix')).stdout).toBe('X1\n');
  });

  test('reaches no service of the host, whatever address it is given', async () => {
    const ports = { loopback: await listen('127.0.0.1'), any: await listen('0.0.0.0') };
    const gateway = (await attack("ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'")).stdout.trim();
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .filter(({ family }) => family === 'IPv4')
      .map(({ address }) => address);
    const targets = [
      `127.0.0.1:${ports.loopback}`,
      ...[...own, gateway, '0.0.0.0', '169.254.169.254'].filter(Boolean).map((host) => `${host}:${ports.any}`),
    ];
    expect(targets.length).toBeGreaterThan(3);
    for (const target of targets) {
      const outcome = await attack(`curl -sS --max-time 1 http://${target}/ --http0.9`);
      expect.soft(outcome.stdout, target).not.toContain(secret);
      expect.soft(outcome.code, target).not.toBe(0);
    }
  });

  test('reaches no private, link-local or metadata address, no other sandbox, and nothing over IPv6', async () => {
    const other = (
      await inside(
        neighbour,
        "ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1; node -e \"require('http').createServer((q,r)=>r.end('NEIGHBOUR')).listen(8099,'0.0.0.0')\" >/dev/null 2>&1 &",
      )
    ).stdout.trim();
    await until(
      async () => (await inside(neighbour, 'curl -s http://127.0.0.1:8099/')).stdout === 'NEIGHBOUR',
      'the neighbour serves',
    );
    expect((await attack('ip -6 addr show scope global; cat /proc/net/if_inet6')).stdout).toBe('');
    const hosts = [
      ...(other ? [other] : []),
      '10.0.0.1',
      '100.64.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '198.18.0.1',
    ];
    for (const host of hosts) {
      const started = Date.now();
      const outcome = await attack(`curl -sS --max-time 3 http://${host}:8099/`);
      expect.soft(outcome.code, host).not.toBe(0);
      expect.soft(outcome.stdout, host).not.toContain('NEIGHBOUR');
      // Refused, not swallowed: a program learns it at once.
      if (sandbox.confinement.network === 'nat' && host !== other)
        expect.soft(Date.now() - started, host).toBeLessThan(2500);
    }
    expect(
      (await attack('curl -sS --max-time 1 http://[::1]:9222/; curl -sS --max-time 1 http://[fd00::2]/')).code,
    ).not.toBe(0);
  });

  test('cannot reconfigure its network', async ({ skip }) => {
    if (sandbox.confinement.network === 'none') skip('there is no network here');
    const link = sandbox.confinement.network === 'nat' ? 'eth0' : 'tap0';
    const before = (await attack('ip addr; ip route')).stdout;
    const outcome = await attack(
      `ip link set ${link} down; ip addr add 10.0.0.9/8 dev ${link}; ip route add 10.0.0.0/9 dev ${link}; ip route flush table main;
       unshare --user --map-root-user ip link set ${link} down; unshare --user --map-root-user ip route del default`,
    );
    expect(outcome.stderr.match(/not permitted/g)?.length).toBeGreaterThanOrEqual(5);
    expect((await attack('ip addr; ip route')).stdout).toBe(before);
  });

  test('reaches no other sandbox’s browser or display', async () => {
    await until(
      async () => (await inside(neighbour, 'curl -s http://127.0.0.1:9222/json/version')).code === 0,
      'its browser answers',
    );
    await inside(neighbour, `node -e "require('http').get('http://127.0.0.1:9222/json/version')"`);
    const mine = (await attack('curl -s http://127.0.0.1:9222/json/version')).stdout;
    const theirs = (await inside(neighbour, 'curl -s http://127.0.0.1:9222/json/version')).stdout;
    const browserOf = (text: string): string | undefined => /browser\/([0-9a-f-]+)/.exec(text)?.[1];
    expect(browserOf(mine)).not.toBe(browserOf(theirs));
    const lease = await leaseOf(installation, neighbour);
    expect(
      (await attack(`ls ${path.dirname(neighbour.vncAddress!.replace('unix:', ''))}; ls /proc/${lease.first.pid}/root`))
        .code,
    ).not.toBe(0);
    // The cookie of one display is of no use, nor is there one of the other.
    expect(
      (
        await attack(
          'xdotool getdisplaygeometry; DISPLAY=:0 xdotool getdisplaygeometry; DISPLAY=:2 xdotool getdisplaygeometry',
        )
      ).stdout
        .trim()
        .split('\n'),
    ).toHaveLength(1);
  });

  test('cannot leave its limits: processes', async () => {
    // The kernel counts threads, too, so how many it gets depends on what else runs in the sandbox.
    const bomb =
      'my @p; for (1..600) { my $p = fork; last unless defined $p; if (!$p) { sleep 30; exit } push @p, $p } print scalar(@p); kill 9, @p; waitpid $_, 0 for @p';
    const { stdout } = await attack(`perl -e '${bomb}'`);
    expect(Number(stdout)).toBeGreaterThan(0);
    expect(Number(stdout)).toBeLessThan(400);
    expect((await attack('echo fine')).stdout).toBe('fine\n');
  });

  test('cannot leave its limits: memory', async ({ skip }) => {
    if (sandbox.confinement.limits !== 'cgroup') skip('memory is not limited here');
    const take = (megabytes: number): ReturnType<typeof attack> =>
      attack(
        `node -e "const a=[];for(let i=0;i<${megabytes / 8};i++)a.push(Buffer.alloc(1<<23,1));console.log('GOT '+a.length)"; echo "code $?"`,
      );
    expect((await take(80)).stdout).toContain('GOT 10');
    const { stdout } = await take(2400);
    expect(stdout).not.toContain('GOT');
    expect(stdout).toContain('code 137');
    // What is refused memory swaps first, and a busy machine takes its time for that.
  }, 90_000);

  test('cannot leave its limits through the cgroup file system', async () => {
    const steps =
      'mkdir /tmp/more && echo BROKEN; echo $$ > /tmp/cgroup.procs && echo BROKEN; echo max > /tmp/memory.max && echo BROKEN; echo max > /tmp/pids.max && echo BROKEN';
    for (const type of ['-t cgroup2 none', '-t cgroup -o memory none', '-t cgroup -o pids none']) {
      const { stdout } = await attack(
        `ls /sys/fs/cgroup 2>&1; unshare --user --map-root-user --mount --cgroup sh -c 'mount ${type} /tmp && { ${steps}; }'`,
      );
      expect.soft(stdout, type).toContain('No such file');
      expect.soft(stdout, type).not.toContain('BROKEN');
    }
  });

  test('cannot make the manager talk to another socket in its place', async () => {
    const target = path.join(installation.folder, 'host.sock');
    const server = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nHOST')).listen(target);
    listeners.push(server);
    await once(server, 'listening');
    await attack(`rm /run/sandpiper/tool.sock; ln -s '${target}' /run/sandpiper/tool.sock; touch /run/sandpiper/again`);
    expect((await attack('readlink /run/sandpiper/tool.sock')).stdout.trim()).toBe(target);
  });

  test('keeps its keys folder live and read-only', async () => {
    const keys = path.join(installation.folder, 'keys');
    await writeFile(path.join(keys, 'manager.one.pem'), 'public');
    expect((await attack('cat /etc/sandpiper/keys/manager.one.pem')).stdout).toBe('public');
    expect(
      (await attack('rm /etc/sandpiper/keys/manager.one.pem; echo x > /etc/sandpiper/keys/manager.one.pem')).code,
    ).not.toBe(0);
  });

  test('planted links in a workspace lead nowhere when it is opened again or deleted', async () => {
    const outside = path.join(installation.folder, 'precious');
    await mkdir(outside);
    await writeFile(path.join(outside, 'file'), secret);
    await driver.createWorkspace('planted');
    const home = path.join(installation.folder, 'data/workspaces/planted/home');
    await symlink(outside, path.join(home, 'link'));
    const again = await installation.start(driver, { workspace: 'planted' });
    expect((await inside(again, 'cat ~/link/file; chmod 000 ~; echo done')).stdout).toBe('done\n');
    await driver.deleteInstance(again.uid, { graceMs: 0 });
    await driver.deleteWorkspace('planted');
    expect(await readFile(path.join(outside, 'file'), 'utf8')).toBe(secret);
    expect(await readdir(path.join(installation.folder, 'data/workspaces'))).not.toContain('planted');
    await rm(outside, { recursive: true });
  });

  test('Chromium’s own sandbox is on', async () => {
    await until(async () => (await attack('pgrep -f type=renderer')).code === 0, 'the browser runs');
    const { stdout } = await attack(
      'cat /proc/$(pgrep -f type=renderer | head -1)/status; tr "\\0" " " < /proc/$(pgrep -f remote-debugging-port | head -1)/cmdline',
    );
    expect(stdout).toMatch(/^Seccomp:\s+2/m);
    expect(stdout).toMatch(/^NSpid:(\s+\d+){3,}/m);
    expect(stdout).not.toContain('--no-sandbox');
    expect(sandbox.confinement.browserSandbox).toBe(true);
  });
});

async function leaseOf(_installation: Installation, instance: Instance): Promise<{ first: { pid: number } }> {
  const folder = path.dirname(path.dirname(instance.address.replace('unix:', '')));
  return JSON.parse(await readFile(path.join(folder, 'lease.json'), 'utf8')) as { first: { pid: number } };
}
