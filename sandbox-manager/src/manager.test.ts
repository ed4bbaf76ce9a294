import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTrue, sandboxName } from '@sandpiper/api';
import { phaseOf, type Sandboxes } from '@sandpiper/sandboxes';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSandboxManager, type SandboxManager } from './manager.ts';
import type { TemplateInput } from './templates.ts';
import { get, suspend } from './testing/request.ts';
import { StandInDriver, StandInHost } from './testing/stand-in-driver.ts';

const logger = pino({ level: 'silent' });
const signer = { issuer: 'manager' as const, sign: ({ uid }: { uid: string }) => `token-for-${uid}` };
const connectOptions = { need: 'desktop', timeoutMs: 10_000 } as const;

let folder: string;
let host: StandInHost;
let manager: SandboxManager | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'manager-'));
  host = new StandInHost(folder);
});

afterEach(async () => {
  await manager?.close('stop');
  manager = undefined;
  await host.endAll();
  rmSync(folder, { recursive: true, force: true });
  for (const pid of host.pids) expect(isAlive(pid)).toBe(false);
});

async function start(template: TemplateInput = {}): Promise<Sandboxes> {
  manager = await createSandboxManager({
    dataDir: join(folder, 'data'),
    driver: new StandInDriver(host),
    signer,
    templates: { default: template },
    logger,
  });
  return manager.sandboxes;
}

async function stop(mode: 'stop' | 'leave'): Promise<void> {
  await manager?.close(mode);
  manager = undefined;
}

async function ready(sandboxes: Sandboxes, sessionId = 'one') {
  await sandboxes.ensure({ sessionId, owner: 'ada' });
  return sandboxes.connect(sessionId, connectOptions);
}

async function phase(sandboxes: Sandboxes, sessionId = 'one') {
  return phaseOf(await sandboxes.get(sessionId)).phase;
}

function until<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: 10_000, interval: 10 });
}

describe('getting a computer', () => {
  it('starts one and tells the phases it passes', async () => {
    const sandboxes = await start();
    await sandboxes.ensure({ sessionId: 'one', owner: 'ada' });
    const phases: string[] = [];
    const endpoint = await sandboxes.connect('one', {
      ...connectOptions,
      onPhase: ({ phase: name }) => phases.push(name),
    });

    expect(await get(endpoint.address, '/work')).toBe(200);
    expect(phases[0]).toBe('creating');
    expect(phases).toContain('starting-tools');
    expect(phases.at(-1)).toBe('ready');
    const launch = (await sandboxes.get('one'))?.status?.launch;
    expect(launch).toMatchObject({ type: 'Cold' });
    expect(launch?.readyAt).toBeDefined();
  });

  it('gives two callers at once the same sandbox and one instance', async () => {
    const sandboxes = await start();
    const both = await Promise.all([ready(sandboxes), ready(sandboxes)]);
    expect(both[0]).toEqual(both[1]);
    expect(host.started).toBe(1);
    expect(host.instances.size).toBe(1);
  });

  it('answers without a write when it is ready', async () => {
    const sandboxes = await start();
    await ready(sandboxes);
    const before = (await sandboxes.get('one'))?.metadata.resourceVersion;
    await sandboxes.connect('one', connectOptions);
    expect((await sandboxes.get('one'))?.metadata.resourceVersion).toBe(before);
  });

  it('refuses what it cannot give, by code', async () => {
    const sandboxes = await start();
    await expect(sandboxes.connect('none', connectOptions)).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' });
    await expect(sandboxes.ensure({ sessionId: '../x', owner: 'ada' })).rejects.toMatchObject({
      code: 'SANDBOX_INVALID',
    });
    await sandboxes.ensure({ sessionId: 'one', owner: 'ada' });
    await expect(sandboxes.ensure({ sessionId: 'one', owner: 'eve' })).rejects.toMatchObject({
      code: 'SANDBOX_NOT_FOUND',
    });
    await sandboxes.ensure({ sessionId: 'odd', owner: 'ada', template: 'nowhere' });
    await expect(sandboxes.connect('odd', connectOptions)).rejects.toMatchObject({ code: 'SANDBOX_FAILED' });
  });

  it('stops waiting when the caller does, or after its time', async () => {
    host.refuses = 'There is no room.';
    const sandboxes = await start();
    await sandboxes.ensure({ sessionId: 'one', owner: 'ada' });
    const waiting = sandboxes.connect('one', { need: 'tools', timeoutMs: 10_000, signal: AbortSignal.timeout(20) });
    await expect(waiting).rejects.toMatchObject({ code: 'SANDBOX_ABORTED' });
    const short = sandboxes.connect('one', { need: 'tools', timeoutMs: 20 });
    await expect(short).rejects.toMatchObject({ code: 'SANDBOX_TIMEOUT' });
  });

  it('serves tools before the desktop, and no desktop where the template has none', async () => {
    const sandboxes = await start({ desktop: false });
    await sandboxes.ensure({ sessionId: 'one', owner: 'ada' });
    const { address } = await sandboxes.connect('one', { need: 'tools', timeoutMs: 10_000 });
    expect(await get(address, '/work')).toBe(200);
    await expect(sandboxes.connect('one', connectOptions)).rejects.toThrow(/has no desktop/);
    expect(await phase(sandboxes)).toBe('ready');
  });

  it('uses no workspace that somebody else made under its name', async () => {
    await new StandInDriver(host).createWorkspace(sandboxName('one'));
    const sandboxes = await start();
    await sandboxes.ensure({ sessionId: 'one', owner: 'ada' });
    await expect(sandboxes.connect('one', connectOptions)).rejects.toThrow(/belongs to somebody else/);
    await sandboxes.delete('one');
    await until(async () => expect(await sandboxes.get('one')).toBeUndefined());
    expect(existsSync(host.workspace(sandboxName('one')))).toBe(true);
  });
});

describe('recovery', () => {
  it('makes a crashed instance anew on the same workspace', async () => {
    const sandboxes = await start();
    const first = await ready(sandboxes);
    const file = join(host.workspace(sandboxName('one')), 'kept.txt');
    writeFileSync(file, 'kept');

    await get(first.address, '/die');
    const second = await until(async () => {
      const endpoint = await sandboxes.connect('one', connectOptions);
      expect(endpoint.uid).not.toBe(first.uid);
      return endpoint;
    });
    expect(await get(second.address, '/work')).toBe(200);
    expect(existsSync(file)).toBe(true);
    const status = (await sandboxes.get('one'))?.status;
    expect(status).toMatchObject({ restarts: 1, lastFailure: { reason: 'Crashed', exitCode: 7, uid: first.uid } });
  });

  it('waits longer after each failure, gives up, and tries again when somebody asks', async () => {
    host.failsAtStart = true;
    const sandboxes = await start();
    await sandboxes.ensure({ sessionId: 'one', owner: 'ada' });
    const failed: number[] = [];
    sandboxes.watch(({ sandbox }) => {
      const failure = sandbox?.status?.lastFailure;
      if (failure && failure.consecutive > failed.length) failed.push(Date.parse(failure.at));
    });
    await until(() => expect(failed.length).toBeGreaterThanOrEqual(3));
    const [one = 0, two = 0, three = 0] = failed;
    expect(two - one).toBeGreaterThanOrEqual(500);
    expect(three - two).toBeGreaterThanOrEqual(1000);

    host.failsAtStart = false;
    await sandboxes.wake('one');
    await sandboxes.connect('one', connectOptions);
    expect(await phase(sandboxes)).toBe('ready');
  });

  it('counts an instance that cannot be made as a failure, with its cause', async () => {
    host.refuses = 'Confinement is not to be had here.';
    const sandboxes = await start();
    await sandboxes.ensure({ sessionId: 'one', owner: 'ada' });
    await until(async () => {
      const failure = (await sandboxes.get('one'))?.status?.lastFailure;
      expect(failure).toMatchObject({ reason: 'CreateFailed', message: host.refuses });
    });
  });
});

describe('suspending', () => {
  it('suspends an idle sandbox, and wakes it when somebody connects', async () => {
    const sandboxes = await start({ defaults: { lifetime: { idleTimeout: '1s' } } });
    const first = await ready(sandboxes);
    await until(async () => expect(await phase(sandboxes)).toBe('suspended'));
    expect(host.instances.size).toBe(0);
    expect((await sandboxes.get('one'))?.status?.suspendedAt).toBeDefined();

    const second = await sandboxes.connect('one', connectOptions);
    expect(second.uid).not.toBe(first.uid);
    expect((await sandboxes.get('one'))?.status?.lastFailure).toBeUndefined();
  });

  it('leaves a busy sandbox running', async () => {
    const sandboxes = await start({ defaults: { lifetime: { idleTimeout: '1s' } } });
    const { address, uid } = await ready(sandboxes);
    await get(address, '/busy');
    const startedAt = Date.now();
    await until(() => expect(Date.now() - startedAt).toBeGreaterThan(1500));
    expect(await sandboxes.connect('one', connectOptions)).toEqual({ address, uid });
    await get(address, '/idle');
    await until(async () => expect(await phase(sandboxes)).toBe('suspended'));
  });

  it("follows the person's wish, and tells those who were waiting", async () => {
    const sandboxes = await start();
    await ready(sandboxes);
    await sandboxes.suspend('one');
    await until(async () => expect(await phase(sandboxes)).toBe('suspended'));
    expect(host.instances.size).toBe(0);

    host.refuses = 'There is no room.';
    await sandboxes.wake('one');
    const waiting = sandboxes.connect('one', connectOptions);
    await sandboxes.suspend('one');
    await expect(waiting).rejects.toMatchObject({ code: 'SANDBOX_SUSPENDED' });
  });

  it('ends a sandbox whose time is over', async () => {
    const sandboxes = await start({ defaults: { lifetime: { maxLifetime: '1s' } } });
    await ready(sandboxes);
    await until(async () => expect(await phase(sandboxes)).toBe('finished'));
    await until(() => expect(host.instances.size).toBe(0));
    await expect(sandboxes.connect('one', connectOptions)).rejects.toMatchObject({ code: 'SANDBOX_FINISHED' });
    expect(existsSync(host.workspace(sandboxName('one')))).toBe(true);
  });
});

describe('a manager that starts again', () => {
  it('adopts the instances that were left, and opens one that had agreed to suspend', async () => {
    const first = await ready(await start());
    const before = await manager?.sandboxes.get('one');
    await stop('leave');
    // What an agreement leaves behind when nobody is there to hear it.
    expect(await suspend(first)).toBe(200);
    expect(await get(first.address, '/work')).toBe(503);

    const sandboxes = await start();
    expect(await sandboxes.connect('one', connectOptions)).toEqual(first);
    await until(async () => expect(await get(first.address, '/work')).toBe(200));
    expect(await sandboxes.get('one')).toEqual(before);
    expect(host.started).toBe(1);
    expect((await sandboxes.get('one'))?.status?.lastFailure).toBeUndefined();
  });

  it('finds sandboxes suspended after an orderly stop, and brings them back when asked', async () => {
    const first = await ready(await start());
    await stop('stop');
    expect(await get(first.address, '/work')).toBe(0);

    const sandboxes = await start();
    expect(phaseOf(await sandboxes.get('one'))).toMatchObject({ phase: 'suspended', reason: 'HostStopped' });
    await sandboxes.connect('one', connectOptions);
    expect((await sandboxes.get('one'))?.status?.lastFailure).toBeUndefined();
  });

  it('makes an instance anew that died meanwhile', async () => {
    const first = await ready(await start());
    await stop('leave');
    await host.endAll();
    const sandboxes = await start();
    const second = await until(async () => {
      const endpoint = await sandboxes.connect('one', connectOptions);
      expect(endpoint.uid).not.toBe(first.uid);
      return endpoint;
    });
    expect(await get(second.address, '/work')).toBe(200);
    expect((await sandboxes.get('one'))?.status?.lastFailure?.reason).toBe('InstanceLost');
  });

  it('deletes a single instance whose sandbox is gone, and touches nothing when there are many', async () => {
    const request = { display: { width: 800, height: 600 }, desktop: true };
    const lost = (uid: string) => ({ ...request, sandbox: { name: uid, uid, sessionId: uid }, uid, workspace: uid });
    host.start(lost('lost-one'));
    await start();
    expect(host.instances.size).toBe(0);
    await stop('stop');

    for (const uid of ['aaaaaaaa', 'bbbbbbbb', 'cccccccc']) host.start(lost(uid));
    await start();
    expect(host.instances.size).toBe(3);
  });
});

describe('deleting', () => {
  it('leaves no process, no workspace and no resource', async () => {
    const sandboxes = await start();
    await ready(sandboxes);
    const changes: (string | undefined)[] = [];
    sandboxes.watch(({ sandbox }) => changes.push(sandbox?.metadata.name), 'one');
    await sandboxes.delete('one');
    await until(async () => expect(await sandboxes.get('one')).toBeUndefined());
    expect(host.instances.size).toBe(0);
    expect(existsSync(host.workspace(sandboxName('one')))).toBe(false);
    expect(changes.at(-1)).toBeUndefined();
    await sandboxes.delete('one');
  });

  it('suspends a sandbox whose session is absent, and brings it back with its session', async () => {
    const sandboxes = await start();
    await ready(sandboxes);
    expect(manager?.sweepSessions(new Set()).swept).toEqual([sandboxName('one')]);
    await until(async () => expect(phaseOf(await sandboxes.get('one')).reason).toBe('Orphaned'));
    manager?.sweepSessions(new Set(['one']));
    await sandboxes.connect('one', connectOptions);
    expect(isTrue((await sandboxes.get('one'))?.status?.conditions, 'Ready')).toBe(true);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
