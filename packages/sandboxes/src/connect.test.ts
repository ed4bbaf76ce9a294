import type { Sandbox } from '@sandpiper/api';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, type ConnectSource } from './connect.ts';
import { SandboxError } from './errors.ts';
import { aCondition, aSandbox, CREATED, READY } from './testing/builders.ts';

const ASLEEP = aSandbox({ status: { conditions: [aCondition('Suspended', 'True', 'Idle')], suspendedAt: CREATED } });
const PUT_TO_SLEEP = aSandbox({ spec: { operatingMode: 'Suspended' }, status: ASLEEP.status! });
const AWAKE = aSandbox({ status: READY });
const ENDPOINT = { address: 'http://10.0.0.7:8080', uid: 'i-1' };

let sandbox: Sandbox | undefined;
let wakes: { resolve: () => void; reject: (error: Error) => void }[];
let tell: () => void;
let end: (error: SandboxError) => void;
let listeners: number;
let source: ConnectSource;

beforeEach(() => {
  wakes = [];
  listeners = 0;
  source = {
    get: () => sandbox,
    wake: () => new Promise<void>((resolve, reject) => void wakes.push({ resolve, reject })),
    subscribe(onChange, onClose) {
      tell = onChange;
      end = onClose;
      listeners += 1;
      return () => (listeners -= 1);
    },
  };
});

function become(next: Sandbox | undefined): void {
  sandbox = next;
  tell();
}

const wait = (timeoutMs = 10_000) => connect(source, 'one', { need: 'desktop', timeoutMs });

describe('waiting for a sandbox', () => {
  it('wakes one that sleeps, once, and takes it when it is ready', async () => {
    sandbox = ASLEEP;
    const waiting = wait();
    tell();
    tell();
    expect(wakes).toHaveLength(1);
    wakes[0]?.resolve();
    become(AWAKE);
    await expect(waiting).resolves.toEqual(ENDPOINT);
    expect(listeners).toBe(0);
  });

  it('is not misled by changes that come before its own wish', async () => {
    sandbox = PUT_TO_SLEEP;
    const waiting = wait();
    become(structuredClone(PUT_TO_SLEEP));
    wakes[0]?.resolve();
    sandbox = aSandbox();
    become(AWAKE);
    await expect(waiting).resolves.toEqual(ENDPOINT);
  });

  it('respects who puts it to sleep after it was woken', async () => {
    sandbox = PUT_TO_SLEEP;
    const waiting = wait();
    // Somebody was faster: the store never showed our wish.
    wakes[0]?.resolve();
    await expect(waiting).rejects.toMatchObject({ code: 'SANDBOX_SUSPENDED' });
    expect(wakes).toHaveLength(1);
  });

  it('wakes again one that fell asleep meanwhile', async () => {
    sandbox = aSandbox();
    const waiting = wait();
    become(ASLEEP);
    expect(wakes).toHaveLength(1);
    become(AWAKE);
    await expect(waiting).resolves.toEqual(ENDPOINT);
  });

  it('ends when it is deleted, the source ends, or the wish cannot be had', async () => {
    sandbox = aSandbox();
    const deleted = wait();
    become(undefined);
    await expect(deleted).rejects.toMatchObject({ code: 'SANDBOX_DELETING' });

    sandbox = aSandbox();
    const closed = wait();
    end(new SandboxError('SANDBOXES_CLOSED', 'Stopping.'));
    await expect(closed).rejects.toMatchObject({ code: 'SANDBOXES_CLOSED' });

    sandbox = ASLEEP;
    const refused = wait();
    wakes[0]?.reject(new SandboxError('SANDBOX_FINISHED', 'Over.'));
    await expect(refused).rejects.toMatchObject({ code: 'SANDBOX_FINISHED' });
    expect(listeners).toBe(0);
  });

  it.each([
    ['Unschedulable', '0/3 nodes are available.', 'SANDBOX_CAPACITY', /0\/3 nodes/, true],
    ['ImagePull', 'no such image', 'SANDBOX_FAILED', /no such image/, false],
    ['Creating', 'Its instance is being made.', 'SANDBOX_TIMEOUT', /still creating after 1 ms/, true],
  ])('tells why when time is up: %s', async (reason, message, code, text, retryable) => {
    sandbox = aSandbox({ status: { conditions: [aCondition('Ready', 'False', reason, message)] } });
    const failure = { code, retryable, message: expect.stringMatching(text) as string };
    await expect(wait(1)).rejects.toMatchObject(failure);
  });

  it('names the source when that is what is silent, and takes what comes while it asks', async () => {
    sandbox = aSandbox();
    const trouble = vi.fn(() => Promise.resolve(new SandboxError('SANDBOXES_UNAVAILABLE', 'Not there.')));
    source.trouble = trouble;
    await expect(wait(1)).rejects.toMatchObject({ code: 'SANDBOXES_UNAVAILABLE' });

    source.trouble = () => {
      become(AWAKE);
      return Promise.resolve(undefined);
    };
    await expect(wait(1)).resolves.toEqual(ENDPOINT);
  });
});
