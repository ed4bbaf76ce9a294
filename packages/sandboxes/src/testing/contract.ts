import { phaseOf } from '../phase.ts';
import type { ConnectOptions, SandboxChange, Sandboxes } from '../sandboxes.ts';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

/** Sandboxes and the power over what runs them. */
export interface SandboxesWorld {
  sandboxes: Sandboxes;
  /** From now on no instance starts; whoever waits goes on waiting. */
  refuseStarts(): void | Promise<void>;
  close(): Promise<void>;
}

const DESKTOP = { need: 'desktop', timeoutMs: 10_000 } as const satisfies ConnectOptions;
const ADA = { owner: 'ada' };

/** The tests that every implementation of `Sandboxes` passes; to be called inside a suite. */
export function itKeepsTheContract(open: () => Promise<SandboxesWorld>): void {
  let world: SandboxesWorld;
  let sandboxes: Sandboxes;
  beforeEach(async () => {
    world = await open();
    sandboxes = world.sandboxes;
  });
  afterEach(() => world.close());

  const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
  const phase = async (sessionId: string) => phaseOf(await sandboxes.get(sessionId)).phase;
  const ready = async (sessionId: string) => {
    await sandboxes.ensure({ sessionId, ...ADA });
    return sandboxes.connect(sessionId, DESKTOP);
  };

  it('makes one sandbox for a session, however many ask at once', async () => {
    const made = await Promise.all([1, 2, 3].map(() => sandboxes.ensure({ sessionId: 'one', ...ADA })));
    expect(new Set(made.map(({ metadata }) => metadata.uid)).size).toBe(1);
    expect((await sandboxes.get('one'))?.metadata.uid).toBe(made[0]?.metadata.uid);
    expect(await sandboxes.get('other')).toBeUndefined();
  });

  it('refuses what cannot be, by code', async () => {
    await expect(sandboxes.connect('none', DESKTOP)).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' });
    await expect(sandboxes.suspend('none')).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' });
    await expect(sandboxes.wake('none')).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' });
    await expect(sandboxes.ensure({ sessionId: '../x', ...ADA })).rejects.toMatchObject({ code: 'SANDBOX_INVALID' });
    await sandboxes.ensure({ sessionId: 'one', ...ADA });
    const asEve = sandboxes.ensure({ sessionId: 'one', owner: 'eve' });
    await expect(asEve).rejects.toMatchObject({ code: 'SANDBOX_NOT_FOUND' });
  });

  it('tells the phases on the way, and at the end where it answers', async () => {
    await sandboxes.ensure({ sessionId: 'one', ...ADA });
    const phases: string[] = [];
    const endpoint = await sandboxes.connect('one', { ...DESKTOP, onPhase: ({ phase: name }) => phases.push(name) });
    expect(endpoint).toMatchObject({ address: expect.any(String) as string, uid: expect.any(String) as string });
    expect([phases[0], phases.at(-1)]).toEqual(['creating', 'ready']);
  });

  it('writes nothing to connect to what is ready', async () => {
    const endpoint = await ready('one');
    const before = (await sandboxes.get('one'))?.metadata.resourceVersion;
    expect(await sandboxes.connect('one', DESKTOP)).toEqual(endpoint);
    expect((await sandboxes.get('one'))?.metadata.resourceVersion).toBe(before);
  });

  it('suspends by wish, and wakes when somebody connects', async () => {
    const first = await ready('one');
    await sandboxes.suspend('one');
    await until(async () => expect(await phase('one')).toBe('suspended'));
    const second = await sandboxes.connect('one', DESKTOP);
    expect(second.uid).not.toBe(first.uid);
  });

  it('wakes by wish', async () => {
    await ready('one');
    await sandboxes.suspend('one');
    await until(async () => expect(await phase('one')).toBe('suspended'));
    await sandboxes.wake('one');
    await until(async () => expect(await phase('one')).toBe('ready'));
  });

  it('tells those who wait that somebody suspends it', async () => {
    await world.refuseStarts();
    await sandboxes.ensure({ sessionId: 'one', ...ADA });
    const waiting = sandboxes.connect('one', DESKTOP);
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'SANDBOX_SUSPENDED' }), sandboxes.suspend('one')]);
  });

  it('ends a wait when the caller does, or after its time', async () => {
    await world.refuseStarts();
    await sandboxes.ensure({ sessionId: 'one', ...ADA });
    const left = sandboxes.connect('one', { ...DESKTOP, signal: AbortSignal.timeout(20) });
    await expect(left).rejects.toMatchObject({ code: 'SANDBOX_ABORTED' });
    const late = sandboxes.connect('one', { ...DESKTOP, timeoutMs: 20 });
    await expect(late).rejects.toMatchObject({ code: 'SANDBOX_TIMEOUT', retryable: true });
  });

  it('deletes for good, and twice if asked twice', async () => {
    await ready('one');
    await ready('two');
    const changes: SandboxChange[] = [];
    sandboxes.watch((change) => changes.push(change), 'one');
    await sandboxes.delete('one');
    await until(async () => expect(await sandboxes.get('one')).toBeUndefined());
    expect(changes.at(-1)).toEqual({ sessionId: 'one', sandbox: undefined });
    await sandboxes.delete('one');
    await sandboxes.delete('never');
    expect(await phase('two')).toBe('ready');
  });

  it('tells those who wait that it is deleted', async () => {
    await world.refuseStarts();
    await sandboxes.ensure({ sessionId: 'one', ...ADA });
    const waiting = sandboxes.connect('one', DESKTOP);
    await Promise.all([
      expect(waiting).rejects.toMatchObject({ code: 'SANDBOX_DELETING', retryable: true }),
      sandboxes.delete('one'),
    ]);
  });

  it('tells everybody who waits when it closes, and takes no more calls', async () => {
    await world.refuseStarts();
    await sandboxes.ensure({ sessionId: 'one', ...ADA });
    const waiting = sandboxes.connect('one', { ...DESKTOP, timeoutMs: 60_000 });
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'SANDBOXES_CLOSED' }), sandboxes.close()]);
    await expect(sandboxes.ensure({ sessionId: 'two', ...ADA })).rejects.toMatchObject({ code: 'SANDBOXES_CLOSED' });
  });
}
