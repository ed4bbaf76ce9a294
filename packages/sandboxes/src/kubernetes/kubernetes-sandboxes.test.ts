import { annotations, API_VERSION, labels, type Sandbox, sandboxName, sandboxSpec } from '@sandpiper/api';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { phaseOf } from '../phase.ts';
import type { Sandboxes } from '../sandboxes.ts';
import { type ClusterBench, openClusterBench } from '../testing/cluster-bench.ts';
import { itKeepsTheContract } from '../testing/contract.ts';
import { installCrds } from '@sandpiper/testing/control-plane';
import { sandboxType } from './sandbox-resources.ts';

const DESKTOP = { need: 'desktop', timeoutMs: 10_000 } as const;
const ONE = { sessionId: 'one', owner: 'ada' };
const HOUR_MS = 60 * 60_000;

/** A RegExp by itself matches any string in `toMatchObject`. */
const matching = (text: RegExp): string => expect.stringMatching(text) as string;
const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

async function asleep(sandboxes: Sandboxes, sessionId = 'one'): Promise<void> {
  await sandboxes.suspend(sessionId);
  await until(async () => expect(phaseOf(await sandboxes.get(sessionId)).phase).toBe('suspended'));
}

describeWithControlPlane('sandboxes as custom resources', (controlPlane) => {
  let bench: ClusterBench;
  beforeAll(() => installCrds(controlPlane()));
  beforeEach(async () => {
    bench = await openClusterBench(controlPlane());
  });
  afterEach(() => bench.close());

  const stored = (sessionId = 'one') =>
    bench.client.get(sandboxType, { namespace: bench.namespace, name: sandboxName(sessionId) });
  /** A Sandbox that this client did not make. */
  const put = (name: string, given: Record<string, string>, spec: Partial<Sandbox['spec']> = {}) =>
    bench.client.create(sandboxType, {
      apiVersion: API_VERSION,
      kind: 'Sandbox',
      metadata: { namespace: bench.namespace, name, labels: given, annotations: { [annotations.owner]: 'ada' } },
      spec: { ...sandboxSpec.parse({}), ...spec },
    });

  describe('the contract', () => {
    itKeepsTheContract(async () => {
      const { sandboxes } = await bench.addReplica();
      return {
        sandboxes,
        refuseStarts: () => bench.operator.hold({ reason: 'Creating', message: 'Not yet.' }),
        close: () => sandboxes.close(),
      };
    });
  });

  describe('replicas', () => {
    it('make one sandbox for a session, and each knows it at once', async () => {
      const replicas = [await bench.addReplica(), await bench.addReplica({ defaultTemplate: 'default' })];
      const made = await Promise.all(replicas.map(({ sandboxes }) => sandboxes.ensure(ONE)));
      expect(made[0]?.metadata.uid).toBe(made[1]?.metadata.uid);
      for (const { sandboxes } of replicas) {
        expect((await sandboxes.get('one'))?.metadata.uid).toBe(made[0]?.metadata.uid);
        await sandboxes.connect('one', DESKTOP);
      }
      expect((await stored())?.metadata).toMatchObject({
        name: 'sbx-one',
        labels: {
          [labels.session]: 'one',
          [labels.installation]: 'test',
          [labels.component]: 'sandbox',
        },
        annotations: { [annotations.owner]: 'ada' },
      });
    });

    it('need one write to make a sandbox and none to use it', async () => {
      const { sandboxes, verbs } = await bench.addReplica();
      const before = verbs().length;
      await sandboxes.ensure(ONE);
      await sandboxes.ensure(ONE);
      for (const need of ['tools', 'desktop'] as const) await sandboxes.connect('one', { ...DESKTOP, need });
      await sandboxes.get('one');
      expect(verbs().slice(before)).toEqual(['create']);
    });

    it('wake one that sleeps with a single patch for twenty who wait', async () => {
      const { sandboxes, verbs } = await bench.addReplica();
      await sandboxes.ensure(ONE);
      await sandboxes.connect('one', DESKTOP);
      await asleep(sandboxes);
      const before = verbs().length;
      const endpoints = await Promise.all(Array.from({ length: 20 }, () => sandboxes.connect('one', DESKTOP)));
      expect(new Set(endpoints.map(({ uid }) => uid)).size).toBe(1);
      expect(verbs().slice(before)).toEqual(['patch']);
      const { wakeRequestedAt } = (await stored())?.spec ?? {};
      expect(wakeRequestedAt).toBeDefined();
    });

    it('wake one that fell asleep by a clock that is ahead of theirs', async () => {
      const { sandboxes } = await bench.addReplica({ clock: () => Date.now() - HOUR_MS });
      await sandboxes.ensure(ONE);
      const first = await sandboxes.connect('one', DESKTOP);
      await bench.operator.fallAsleep((await stored())!);
      await until(async () => expect(phaseOf(await sandboxes.get('one')).phase).toBe('suspended'));
      expect((await sandboxes.connect('one', DESKTOP)).uid).not.toBe(first.uid);
    });

    it('know of their own deletion before the watch tells', async () => {
      const told = Promise.withResolvers<undefined>();
      let isHeld = false;
      const { sandboxes } = await bench.addReplica({
        beforeEvent: () => (isHeld ? told.promise : Promise.resolve(undefined)),
      });
      await sandboxes.ensure(ONE);
      await sandboxes.connect('one', DESKTOP);
      isHeld = true;
      await sandboxes.delete('one');
      expect(await stored()).toBeUndefined();
      expect((await sandboxes.get('one'))?.metadata.deletionTimestamp).toBeDefined();
      await expect(sandboxes.ensure(ONE)).rejects.toMatchObject({ code: 'SANDBOX_DELETING' });
      await expect(sandboxes.connect('one', DESKTOP)).rejects.toMatchObject({ code: 'SANDBOX_DELETING' });
      told.resolve(undefined);
      await until(async () => expect(await sandboxes.get('one')).toBeUndefined());
      await sandboxes.ensure(ONE);
      await sandboxes.connect('one', DESKTOP);
    });

    it('give way when another one was faster: with a later wake, or with a new sandbox of the same name', async () => {
      const ahead = await bench.addReplica({ clock: () => Date.now() + HOUR_MS });
      let interfere: (() => Promise<void>) | undefined;
      const { sandboxes } = await bench.addReplica({
        async beforeWrite({ verb }) {
          if (verb !== 'patch') return;
          const first = interfere;
          interfere = undefined;
          await first?.();
        },
      });
      await sandboxes.ensure(ONE);
      await sandboxes.connect('one', DESKTOP);
      await asleep(sandboxes);

      await bench.operator.hold({ reason: 'Creating', message: '' });
      interfere = () => ahead.sandboxes.wake('one');
      await sandboxes.wake('one');
      expect(Date.parse((await stored())?.spec.wakeRequestedAt ?? '')).toBeGreaterThan(Date.now() + HOUR_MS / 2);

      const before = await stored();
      interfere = async () => {
        await ahead.sandboxes.delete('one');
        await until(async () => expect(await ahead.sandboxes.get('one')).toBeUndefined());
        await ahead.sandboxes.ensure(ONE);
      };
      await sandboxes.suspend('one');
      const after = await stored();
      expect(after?.metadata.uid).not.toBe(before?.metadata.uid);
      expect(after?.spec.operatingMode).toBe('Suspended');
    });
  });

  describe('causes', () => {
    it('of a wait in vain are told: no node has room', async () => {
      const message = '0/3 nodes are available: 3 Insufficient memory.';
      await bench.operator.hold({ reason: 'Unschedulable', message });
      const { sandboxes } = await bench.addReplica();
      await sandboxes.ensure(ONE);
      const phases: (string | undefined)[] = [];
      const waiting = sandboxes.connect('one', {
        ...DESKTOP,
        timeoutMs: 500,
        onPhase: ({ reason }) => phases.push(reason),
      });
      await expect(waiting).rejects.toMatchObject({
        code: 'SANDBOX_CAPACITY',
        status: 503,
        retryable: true,
        retryAfterMs: expect.any(Number) as number,
        message: expect.stringContaining(message) as string,
      });
      expect(phases).toContain('Unschedulable');

      // Room comes: the same sandbox goes on, without a write of ours.
      await bench.operator.hold(undefined);
      await sandboxes.connect('one', DESKTOP);
    });

    it('of a refusal are told: the namespace is not there, the template cannot be one', async () => {
      const { sandboxes } = await bench.addReplica();
      const odd = sandboxes.ensure({ ...ONE, template: 'No Name' });
      await expect(odd).rejects.toMatchObject({ code: 'SANDBOX_INVALID' });
      await bench.operator.hold({ reason: 'TemplateNotFound', message: 'There is no SandboxTemplate default.' });
      await sandboxes.ensure(ONE);
      const waiting = sandboxes.connect('one', DESKTOP);
      await expect(waiting).rejects.toMatchObject({
        code: 'SANDBOX_FAILED',
        message: matching(/no SandboxTemplate default/),
      });
    });
  });

  it('uses no address that a pod cannot have, unless it is told to', async () => {
    await bench.close();
    bench = await openClusterBench(controlPlane(), { address: 'http://127.0.0.1:8080' });
    const { sandboxes, logged } = await bench.addReplica();
    await sandboxes.ensure(ONE);
    const refused = sandboxes.connect('one', DESKTOP);
    await expect(refused).rejects.toMatchObject({
      code: 'SANDBOX_FAILED',
      message: matching(/refused: it is a loopback/),
    });
    expect(logged).toMatchObject([{ msg: matching(/is refused/) }]);
    const inTests = await bench.addReplica({ addresses: { allowLoopback: true } });
    expect(await inTests.sandboxes.connect('one', DESKTOP)).toMatchObject({ address: 'http://127.0.0.1:8080' });
  });

  describe('what belongs to somebody else', () => {
    it('is neither seen, used, changed, swept nor deleted', async () => {
      const { sandboxes } = await bench.addReplica({ clock: () => Date.now() + 2 * HOUR_MS });
      const seen: string[] = [];
      sandboxes.watch(({ sessionId }) => seen.push(sessionId));
      await put('sbx-one', { [labels.session]: 'one', [labels.installation]: 'other' });
      await put('by-hand', { [labels.session]: 'two', [labels.installation]: 'test' });
      const before = await stored();

      await expect(sandboxes.ensure(ONE)).rejects.toMatchObject({
        code: 'SANDBOX_FAILED',
        message: matching(/left alone/),
      });
      await expect(sandboxes.connect('one', DESKTOP)).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' });
      await expect(sandboxes.wake('one')).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' });
      await sandboxes.delete('one');
      await sandboxes.delete('two');
      expect(await sandboxes.sweepSessions(new Set())).toEqual({ checked: 0, swept: [], stopped: false });

      expect((await stored())?.spec).toEqual(before?.spec);
      expect((await stored())?.metadata).toMatchObject({ uid: before?.metadata.uid, labels: before?.metadata.labels });
      const byHand = { namespace: bench.namespace, name: 'by-hand' };
      expect(await bench.client.get(sandboxType, byHand)).toBeDefined();
      // One that is ours, made by another replica: what came before it was told by then, had it been.
      await put('sbx-three', { [labels.session]: 'three', [labels.installation]: 'test' });
      await until(() => expect(seen).toContain('three'));
      expect(new Set(seen)).toEqual(new Set(['three']));
    });
  });

  describe('a sweep', () => {
    const later = (): number => Date.now() + 2 * HOUR_MS;
    const marked = async (sessionId: string) =>
      (await stored(sessionId))?.metadata.annotations?.[annotations.orphanedAt];

    it('puts to sleep what lost its session, and a connect or the session brings it back', async () => {
      const { sandboxes } = await bench.addReplica({ clock: later });
      const other = await bench.addReplica({ clock: later });
      for (const sessionId of ['one', 'two']) await sandboxes.ensure({ ...ONE, sessionId });
      await until(async () => expect(await other.sandboxes.get('two')).toBeDefined());

      const known = new Set(['two']);
      const reports = await Promise.all([sandboxes, other.sandboxes].map((each) => each.sweepSessions(known)));
      expect(reports).toContainEqual({ checked: 2, swept: ['sbx-one'], stopped: false });
      const since = await marked('one');
      expect(since).toBeDefined();
      await until(async () => expect(phaseOf(await sandboxes.get('one')).phase).toBe('suspended'));
      expect(await marked('two')).toBeUndefined();

      expect((await sandboxes.sweepSessions(known)).swept).toEqual([]);
      expect(await marked('one')).toBe(since);
      await sandboxes.sweepSessions(new Set(['one', 'two']));
      expect(await marked('one')).toBeUndefined();

      await sandboxes.sweepSessions(known);
      await sandboxes.connect('one', DESKTOP);
      expect(await marked('one')).toBeUndefined();
    });

    it('stops and reports when it would touch more than a tenth', async () => {
      const { sandboxes, logged, verbs } = await bench.addReplica({ clock: later });
      for (let index = 0; index < 5; index++) await sandboxes.ensure({ ...ONE, sessionId: `s-${index}` });
      await until(async () => expect(phaseOf(await sandboxes.get('s-4')).phase).toBe('ready'));
      const before = verbs().length;
      const report = await sandboxes.sweepSessions(new Set(['s-0', 's-1', 's-2']));
      expect(report).toEqual({ checked: 5, swept: [], stopped: true });
      expect(verbs().slice(before)).toEqual([]);
      expect(logged).toMatchObject([{ msg: matching(/2 of 5 .*too many to be litter/) }]);
    });

    it('leaves alone a sandbox that has got the name since it looked', async () => {
      const other = await bench.addReplica();
      const { sandboxes } = await bench.addReplica({
        clock: later,
        async beforeWrite({ verb }) {
          if (verb !== 'patch') return;
          await other.sandboxes.delete('one');
          await until(async () => expect(await other.sandboxes.get('one')).toBeUndefined());
          await other.sandboxes.ensure(ONE);
        },
      });
      await sandboxes.ensure(ONE);
      await sandboxes.sweepSessions(new Set());
      expect((await stored())?.metadata.uid).toBeDefined();
      expect(await marked('one')).toBeUndefined();
    });

    it('leaves alone what is younger than the list of sessions may be', async () => {
      const { sandboxes } = await bench.addReplica();
      await sandboxes.ensure(ONE);
      expect((await sandboxes.sweepSessions(new Set())).swept).toEqual([]);
    });
  });

  describe('an API server that is away', () => {
    it('keeps nobody from what runs, and is named to those who need it', async () => {
      const { sandboxes, road } = await bench.addReplica({ cuttable: true, patienceMs: 200 });
      await sandboxes.ensure(ONE);
      const endpoint = await sandboxes.connect('one', DESKTOP);
      await bench.operator.hold({ reason: 'Creating', message: '' });
      await sandboxes.ensure({ ...ONE, sessionId: 'two' });

      road.close();
      expect(await sandboxes.connect('one', DESKTOP)).toEqual(endpoint);
      const unavailable = {
        code: 'SANDBOXES_UNAVAILABLE',
        retryable: true,
        message: matching(/API server of Kubernetes/),
      };
      await expect(sandboxes.ensure({ ...ONE, sessionId: 'three' })).rejects.toMatchObject(unavailable);
      await expect(sandboxes.suspend('one')).rejects.toMatchObject(unavailable);
      await expect(sandboxes.connect('two', { ...DESKTOP, timeoutMs: 100 })).rejects.toMatchObject(unavailable);
    });

    it('is waited for: by wishes, by those who wait for a wake, and by the watch', async () => {
      const { sandboxes, road, verbs } = await bench.addReplica({ cuttable: true });
      await sandboxes.ensure(ONE);
      await sandboxes.connect('one', DESKTOP);
      await asleep(sandboxes);
      const before = verbs().length;

      road.close();
      const waiting = [1, 2, 3].map(() => sandboxes.connect('one', DESKTOP));
      const making = sandboxes.ensure({ ...ONE, sessionId: 'two' });
      // The operator goes on meanwhile; what it does is told once the watch is back.
      await bench.operator.hold({ reason: 'Unschedulable', message: 'No room.' });
      road.open();
      await making;
      await until(async () => expect(phaseOf(await sandboxes.get('two')).reason).toBe('Unschedulable'));
      await bench.operator.hold(undefined);
      await Promise.all(waiting);
      expect(verbs().slice(before).sort()).toEqual(['create', 'patch']);
    });

    it('costs nothing but a moment when only connections break', async () => {
      const { sandboxes, road } = await bench.addReplica({ cuttable: true });
      await bench.operator.hold({ reason: 'Creating', message: '' });
      await sandboxes.ensure(ONE);
      const waiting = sandboxes.connect('one', DESKTOP);
      for (let cut = 0; cut < 3; cut++) {
        road.cut();
        await sandboxes.ensure({ ...ONE, sessionId: `s-${cut}` });
      }
      road.cut();
      await bench.operator.hold(undefined);
      await waiting;
    });

    it('may come later than the gateway', async () => {
      const { sandboxes, road } = await bench.addReplica({ cuttable: true, started: false, patienceMs: 100 });
      road.close();
      const starting = sandboxes.start();
      await expect(sandboxes.get('one')).rejects.toMatchObject({ code: 'SANDBOXES_UNAVAILABLE', retryable: true });
      const leaving = sandboxes.connect('one', { ...DESKTOP, signal: AbortSignal.timeout(10) });
      await expect(leaving).rejects.toMatchObject({ code: 'SANDBOX_ABORTED' });
      expect(sandboxes.isSynced).toBe(false);
      const waiting = sandboxes.connect('one', DESKTOP);
      road.open();
      await expect(waiting).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' });
      await starting;
      expect(sandboxes.isSynced).toBe(true);
    });
  });
});
