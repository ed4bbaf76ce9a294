import { KubeError } from '@sandpiper/kube';
import { describe, expect, it } from 'vitest';
import { SandboxError } from '../errors.ts';
import { asSandboxError } from './failures.ts';
import { patiently } from './patience.ts';

const refusal = (status: number, message = 'It says so.', retryAfterMs?: number) =>
  new KubeError(message, { status, reason: 'Whatever', retryAfterMs });
const QUOTA = 'sandboxes "x" is forbidden: exceeded quota: small, requested: count/sandboxes=1, used: 1, limited: 1';
const AWAY = refusal(0, 'The API server cannot be reached: ECONNREFUSED');

describe('what the API server refuses', () => {
  it.each([
    [0, 'ECONNREFUSED', 'SANDBOXES_UNAVAILABLE', true],
    [401, 'Unauthorized', 'SANDBOXES_UNAVAILABLE', true],
    [429, 'slow down', 'SANDBOXES_UNAVAILABLE', true],
    [500, 'etcd', 'SANDBOXES_UNAVAILABLE', true],
    [503, 'starting', 'SANDBOXES_UNAVAILABLE', true],
    [409, 'changed five times', 'SANDBOXES_UNAVAILABLE', true],
    [403, QUOTA, 'SANDBOX_CAPACITY', true],
    [403, 'User "gateway" cannot create', 'SANDBOX_FAILED', false],
    [404, 'namespaces "x" not found', 'SANDBOX_FAILED', false],
    [400, 'bad', 'SANDBOX_INVALID', false],
    [422, 'invalid', 'SANDBOX_INVALID', false],
  ])('%i %s is %s', (status, message, code, retryable) => {
    const error = asSandboxError(refusal(status, message));
    expect(error).toMatchObject({ code, retryable, message: expect.stringContaining(message) as string });
  });

  it('tells when to ask again where it is known', () => {
    expect(asSandboxError(refusal(429, '', 4000))).toMatchObject({ retryAfterMs: 4000 });
    expect(asSandboxError(refusal(403, QUOTA))).toMatchObject({ retryAfterMs: expect.any(Number) as number });
  });

  it('is told apart from our own errors', () => {
    const own = new SandboxError('SANDBOX_NOT_FOUND', 'None.');
    expect(asSandboxError(own)).toBe(own);
    const bug = new TypeError('bug');
    expect(asSandboxError(bug)).toBe(bug);
  });
});

describe('patience', () => {
  const { signal } = new AbortController();
  /** Fails with these in turn, then succeeds. */
  const failing = (...errors: Error[]) => {
    const work = () => {
      const error = errors.shift();
      return error ? Promise.reject(error) : Promise.resolve('done');
    };
    return { work, left: () => errors.length };
  };

  it('waits for a server that is away, and for one that has not read its rules yet', async () => {
    const { work } = failing(AWAY, refusal(503), refusal(403), refusal(404), AWAY);
    expect(await patiently(work, { forMs: 60_000, signal })).toBe('done');
  });

  it('has an end', async () => {
    const { work, left } = failing(...Array.from({ length: 100 }, () => AWAY));
    await expect(patiently(work, { forMs: 300, signal })).rejects.toMatchObject({ code: 'SANDBOXES_UNAVAILABLE' });
    expect(left()).toBeGreaterThan(90);
  });

  it.each([refusal(422), refusal(403, QUOTA), new TypeError('bug')])('is not for %s', async (error) => {
    const { work, left } = failing(error, AWAY);
    await expect(patiently(work, { forMs: 60_000, signal })).rejects.toThrow();
    expect(left()).toBe(1);
  });

  it('ends with those who wait, and with the signal', async () => {
    const unwanted = patiently(failing(AWAY).work, { isWanted: () => false, signal });
    await expect(unwanted).rejects.toMatchObject({ code: 'SANDBOXES_UNAVAILABLE' });
    const stopping = new AbortController();
    const stopped = patiently(failing(AWAY, AWAY, AWAY).work, { signal: stopping.signal });
    stopping.abort(new Error('stopping'));
    await expect(stopped).rejects.toThrow('stopping');
  });
});
