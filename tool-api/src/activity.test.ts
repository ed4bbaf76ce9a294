import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createActivity, type Activity } from './activity.ts';
import { startTestSandbox, type TestSandbox } from './testing/sandbox.ts';

describe('activity', () => {
  let now = 0;
  const started = (): Activity => {
    now = 1000;
    return createActivity(() => now);
  };

  it('agrees when nothing happened for long enough, and says else what did', () => {
    const activity = started();
    now += 500;
    activity.touch('viewer');
    now += 999;
    expect(activity.suspend(1000)).toEqual({ agreed: false, idleForMs: 999, busy: { reason: 'viewer' } });
    now += 1;
    expect(activity.suspend(1000)).toEqual({ agreed: true, idleForMs: 1000 });
    expect(() => activity.begin('call')).toThrow('being suspended');
    // Asked again, as after a lost answer, it still agrees.
    expect(activity.suspend(1000).agreed).toBe(true);
    activity.reopen();
    activity.begin('call')();
  });

  it('is not idle while something runs, however long, and counts from its end', () => {
    const activity = started();
    const end = activity.begin('command');
    now += 1e9;
    expect(activity.suspend(0)).toEqual({ agreed: false, idleForMs: 0, busy: { reason: 'command' } });
    end();
    end();
    now += 10;
    expect(activity.suspend(11)).toEqual({ agreed: false, idleForMs: 10, busy: { reason: 'command' } });
    expect(activity.suspend(10).agreed).toBe(true);
  });

  it('is kept awake, and watches what has no end of its own', () => {
    const activity = started();
    activity.keepAwake(5000);
    now += 4999;
    expect(activity.suspend(0).busy).toEqual({ reason: 'keep-alive' });
    activity.keepAwake(0);
    let busy = true;
    const stop = activity.watch(() => (busy ? 'command' : undefined));
    expect(activity.suspend(0).busy).toEqual({ reason: 'command' });
    busy = false;
    expect(activity.suspend(0).agreed).toBe(true);
    stop();
  });

  it('drains: takes nothing new, and ends with the last call', async () => {
    const activity = started();
    const end = activity.begin('call');
    const drained = activity.drain();
    expect(() => activity.begin('call')).toThrow('shutting down');
    activity.reopen();
    expect(() => activity.assertOpen()).toThrow('shutting down');
    end();
    await drained;
  });
});

describe('POST /v1/suspend', () => {
  let sandbox: TestSandbox;
  beforeAll(async () => {
    sandbox = await startTestSandbox();
  });
  afterAll(() => sandbox.close());
  const ask = async (ifIdleForMs: number): Promise<object> =>
    (await sandbox.send('POST', '/v1/suspend', { body: { ifIdleForMs }, scopes: ['lifecycle'], issuer: 'manager' }))
      .json;

  it('is refused while a command runs in the background, then closes the sandbox to work until it is reopened', async () => {
    const { commandId } = (await sandbox.call('shell_run', { command: 'sleep 60', timeoutMs: 0 })) as {
      commandId: string;
    };
    expect(await ask(0)).toEqual({ agreed: false, idleForMs: 0, busy: { reason: 'command' } });
    await sandbox.call('shell_kill', { commandId });
    await vi.waitFor(async () => expect(await ask(0)).toMatchObject({ agreed: true }));

    await expect(sandbox.call('shell_run', { command: 'true' })).rejects.toThrow('SUSPENDING');
    const file = await sandbox.send('PUT', '/v1/files/x', { body: 'x' });
    expect([file.status, file.json]).toEqual([503, expect.objectContaining({ code: 'SUSPENDING', retryable: true })]);
    expect((await sandbox.send('GET', '/healthz', { scopes: null })).status).toBe(200);
    expect((await sandbox.send('DELETE', '/v1/suspend', { scopes: ['lifecycle'], issuer: 'operator' })).status).toBe(
      204,
    );
    await sandbox.call('shell_run', { command: 'true' });
  });

  it('is for the lifecycle scope only, and knows its fields', async () => {
    expect((await sandbox.send('POST', '/v1/suspend', { body: { ifIdleForMs: 0 }, scopes: ['tools'] })).status).toBe(
      403,
    );
    const answer = await sandbox.send('POST', '/v1/suspend', { body: { ifIdleForMs: -1, now: true } });
    expect(answer.json).toMatchObject({ code: 'INVALID_REQUEST', issues: [{ path: 'ifIdleForMs' }, { path: 'now' }] });
  });
});
