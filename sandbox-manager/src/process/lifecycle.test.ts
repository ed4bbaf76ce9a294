import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Instance } from '../driver.ts';
import { runCommand } from './command.ts';
import { identify, isAlive, type ProcessId } from './processes.ts';
import { inside, Installation, missingPrograms, until } from './testing/fixture.ts';

const missing = missingPrograms();
if (missing.length > 0)
  console.warn(`SKIPPED: the life of sandboxes, because this machine lacks ${missing.join(', ')}`);

describe.skipIf(missing.length > 0)('a sandbox', () => {
  let installation: Installation;
  const managers: ChildProcess[] = [];

  beforeEach(async () => {
    installation = await Installation.create();
  });
  afterEach(async () => {
    for (const manager of managers.splice(0)) manager.kill('SIGKILL');
    // Ends and removes what a killed manager left.
    await (await installation.driver()).close('stop');
    await installation.close();
  });

  /** Starts a manager in its own process, with one sandbox. */
  const startManager = async (options: object = {}): Promise<{ manager: ChildProcess; instance: Instance }> => {
    const places = Object.fromEntries(
      ['data', 'runtime', 'keys'].map((name) => [`${name}Dir`, path.join(installation.folder, name)]),
    );
    const manager = spawn(
      process.execPath,
      [path.join(import.meta.dirname, 'testing/manager.ts'), JSON.stringify({ ...places, ...options })],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    managers.push(manager);
    const [line] = (await once(createInterface(manager.stdout), 'line')) as [string];
    return { manager, instance: JSON.parse(line) as Instance };
  };

  test('leaves no process, mount, link, cgroup, folder or firewall behind when it is deleted and the manager stops', async () => {
    const driver = await installation.driver();
    const instance = await installation.start(driver, { desktop: true });
    await inside(
      instance,
      'nohup setsid sleep 1000 >/dev/null 2>&1 & sh -c "trap : TERM; sleep 1000" >/dev/null 2>&1 & disown -a',
    );
    const folder = folderOf(instance);
    const traces = await tracesOf(instance);
    expect(traces.processes.length).toBeGreaterThan(3);
    await driver.deleteInstance(instance.uid, { graceMs: 300 });
    expect(traces.processes.filter(isAlive)).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(instance.uid);
    expect(await cgroupsNamed(instance.uid)).toEqual([]);
    expect(await driver.list()).toEqual([]);
    await until(
      async () => !traces.link || !(await runCommand('ip', ['link'])).stdout.includes(`${traces.link}@`),
      'its link is gone',
    );
    await driver.deleteInstance(instance.uid, { graceMs: 0 });
    await driver.close('stop');
    expect(existsSync(path.dirname(folder))).toBe(false);
    expect((await runCommand('nft', ['list', 'tables'])).stdout).not.toContain(
      path.basename(path.dirname(folder)).replace('-', '_'),
    );
  });

  test('ends when its manager was killed and did not come back in time', async () => {
    const { manager, instance } = await startManager({ heartbeatLossMs: 600 });
    await inside(instance, 'nohup sleep 1000 >/dev/null 2>&1 &');
    const { processes } = await tracesOf(instance);
    manager.kill('SIGKILL');
    await once(manager, 'exit');
    expect(processes.every(isAlive)).toBe(true);
    await until(() => !processes.some(isAlive), 'all its processes are gone', 8000);
    // The next manager finds it ended, and removes the rest.
    const driver = await installation.driver();
    expect(await driver.list()).toEqual([]);
    expect(existsSync(folderOf(instance))).toBe(false);
    expect(await cgroupsNamed(instance.uid)).toEqual([]);
  });

  test('is taken over by a manager that is back in time, with uid, address and processes as they were', async () => {
    const { manager, instance } = await startManager({ heartbeatLossMs: 1500 });
    await inside(instance, 'echo kept > ~/file; nohup sleep 1000 >/dev/null 2>&1 &');
    const { processes } = await tracesOf(instance);
    manager.kill('SIGKILL');
    await once(manager, 'exit');
    const driver = await installation.driver({ heartbeatLossMs: 1500 });
    expect(await driver.list()).toMatchObject([
      {
        uid: instance.uid,
        address: instance.address,
        state: 'Running',
        sandboxUid: instance.sandboxUid,
        startedAt: instance.startedAt,
      },
    ]);
    // Longer than it would have lived alone.
    const until3s = Date.now() + 3000;
    await until(() => Date.now() > until3s, 'its own time would be over');
    expect((await inside(instance, 'cat ~/file')).stdout).toBe('kept\n');
    expect(processes.every(isAlive)).toBe(true);
    await expect(installation.start(driver, { workspace: instance.workspace })).rejects.toMatchObject({
      code: 'WORKSPACE_IN_USE',
    });
    const changed: string[] = [];
    driver.onChange((uid) => changed.push(uid));
    await driver.deleteInstance(instance.uid, { graceMs: 1000 });
    expect(processes.some(isAlive)).toBe(false);
    expect(changed).toContain(instance.sandboxUid);
  });

  test('is not taken over when another process has its number', async () => {
    const { manager, instance } = await startManager();
    const lease = await leaseOf(instance);
    manager.kill('SIGKILL');
    await once(manager, 'exit');
    process.kill(lease.first.pid, 'SIGKILL');
    await until(() => !isAlive(lease.first) && !isAlive(lease.launcher), 'it is gone');
    const innocent = spawn('sleep', ['1000']);
    try {
      const { writeLease } = await import('./lease.ts');
      const reused = { pid: innocent.pid!, startTime: lease.first.startTime };
      await writeLease(folderOf(instance), { ...lease, first: reused, launcher: reused } as never);
      const driver = await installation.driver();
      expect(await driver.list()).toEqual([]);
      expect(identify(innocent.pid!)).toBeDefined();
      expect(existsSync(folderOf(instance))).toBe(false);
    } finally {
      innocent.kill('SIGKILL');
    }
  });

  test('lives on when its manager leaves it', async () => {
    const first = await installation.driver();
    const instance = await installation.start(first);
    await inside(instance, 'true');
    await first.close('leave');
    expect((await inside(instance, 'echo here')).stdout).toBe('here\n');
    const second = await installation.driver();
    expect((await second.list()).map(({ uid }) => uid)).toEqual([instance.uid]);
  });

  test('keeps its workspace, and its uid, from one instance to the next', async () => {
    const driver = await installation.driver();
    const first = await installation.start(driver, { workspace: 'kept' });
    await inside(first, 'echo hello > ~/file; mkdir -p ~/.config; id');
    await expect(installation.start(driver, { workspace: 'kept' })).rejects.toMatchObject({ code: 'WORKSPACE_IN_USE' });
    await expect(driver.deleteWorkspace('kept')).rejects.toMatchObject({ code: 'WORKSPACE_IN_USE' });
    await driver.deleteInstance(first.uid, { graceMs: 500 });
    const second = await installation.start(driver, { workspace: 'kept' });
    expect((await inside(second, 'cat ~/file; echo more >> ~/file')).stdout).toBe('hello\n');
    await driver.deleteInstance(second.uid, { graceMs: 0 });
    await driver.deleteWorkspace('kept');
    expect(await driver.workspaceExists('kept')).toBe(false);
    await driver.deleteWorkspace('kept');
  });

  test('two never have one uid, also when they start at once', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root gives uids');
    const driver = await installation.driver();
    const all = await Promise.all([1, 2, 3].map(() => installation.start(driver)));
    const uids = await Promise.all(
      all.map(
        async (instance) =>
          /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${(await leaseOf(instance)).first.pid}/status`, 'utf8'))?.[1],
      ),
    );
    expect(new Set(uids).size).toBe(3);
    expect(uids).not.toContain('0');
  });

  test('says why it did not start', async () => {
    const driver = await installation.driver({ keysDir: installation.folder });
    await expect(
      driver.createInstance({
        sandbox: { name: 'x', uid: 'x', sessionId: 's' },
        uid: 'x',
        workspace: 'missing',
        display: { width: 800, height: 600 },
        desktop: false,
      }),
    ).rejects.toMatchObject({ code: 'WORKSPACE_MISSING' });
    await expect(driver.createWorkspace('../escape')).rejects.toMatchObject({ code: 'WORKSPACE_INVALID' });
    expect(await driver.list()).toEqual([]);
  });

  test('has ended with all it started when its init was killed', async () => {
    const driver = await installation.driver();
    const instance = await installation.start(driver);
    await inside(instance, 'nohup sleep 1000 >/dev/null 2>&1 &');
    const { processes } = await tracesOf(instance);
    await inside(instance, 'kill -9 2');
    await until(() => !processes.some(isAlive), 'all its processes are gone');
    expect((await driver.list())[0]).toMatchObject({ state: 'Exited', exit: { reason: 'Crashed' } });
  });

  test('brings the desktop back when its X server died', async () => {
    const driver = await installation.driver();
    const instance = await installation.start(driver, { desktop: true });
    const browserAnswers = async (): Promise<boolean> =>
      (
        await inside(
          instance,
          'curl -s http://127.0.0.1:9222/json/version && pgrep openbox && xdotool getdisplaygeometry',
        )
      ).code === 0;
    await until(browserAnswers, 'the desktop is there');
    const before = (await inside(instance, 'pgrep -f remote-debugging-port')).stdout.split('\n')[0];
    await inside(instance, 'pkill -9 Xtigervnc');
    await until(async () => (await inside(instance, `kill -0 ${before ?? ''}`)).code !== 0, 'the browser noticed');
    await until(browserAnswers, 'the desktop is back');
  });

  test('restarts what crashes in it, and tells how often', async () => {
    const driver = await installation.driver();
    const instance = await installation.start(driver);
    await inside(instance, 'kill -9 $PPID').catch(() => undefined);
    await until(async () => (await driver.list())[0]?.restarts === 1, 'the restart is counted');
    expect((await inside(instance, 'echo back')).stdout).toBe('back\n');
    expect((await driver.list())[0]).toMatchObject({ uid: instance.uid, address: instance.address, state: 'Running' });
  });
});

function folderOf(instance: Instance): string {
  return path.dirname(path.dirname(instance.address.replace('unix:', '')));
}

async function leaseOf(instance: Instance): Promise<{ first: ProcessId; launcher: ProcessId }> {
  return JSON.parse(await readFile(path.join(folderOf(instance), 'lease.json'), 'utf8')) as {
    first: ProcessId;
    launcher: ProcessId;
  };
}

/** All processes in the sandbox' PID namespace, as this host numbers them, and the host's end of its link. */
async function tracesOf(instance: Instance): Promise<{ processes: ProcessId[]; link: string | undefined }> {
  const { first, launcher } = await leaseOf(instance);
  const { readlinkSync } = await import('node:fs');
  const namespaceOf = (pid: number | string): string | undefined => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`);
    } catch {
      return undefined;
    }
  };
  const namespace = namespaceOf(first.pid);
  const names = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && namespaceOf(name) === namespace);
  const address = (await inside(instance, "ip -4 -o addr show eth0 2>/dev/null | awk '{print $4}'")).stdout.trim();
  const last =
    address === ''
      ? undefined
      : address
          .replace(/\/\d+$/, '')
          .split('.')
          .map(Number);
  const link = last ? `spr${(last[2]! * 128 + (last[3]! - 1) / 2).toString()}` : undefined;
  return { processes: [launcher, ...names.map((name) => identify(Number(name))!).filter(Boolean)], link };
}

async function cgroupsNamed(uid: string): Promise<string[]> {
  const { stdout } = await runCommand('find', ['/sys/fs/cgroup', '-type', 'd', '-name', `*${uid}*`]);
  return stdout.split('\n').filter(Boolean);
}
