import { findControlPlane, startControlPlane, type ControlPlane } from '@sandpiper/testing/control-plane';
import { needsControlPlane } from '@sandpiper/testing/vitest';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { core } from '../builtin/resources.ts';
import { createKubeClient } from '../http/create-kube-client.ts';
import { createInformer } from './create-informer.ts';

const source = findControlPlane(process.env);
// Somebody else's cluster is not ours to stop.
const isOurs = source.kind === 'binaries';

describe.skipIf(!isOurs)(
  `an API server that goes away${isOurs ? '' : ` [${needsControlPlane}: one of its own]`}`,
  () => {
    let control: ControlPlane;

    beforeAll(async () => {
      control = await startControlPlane({ source, components: [] });
    }, 120_000);
    afterAll(() => control.close());

    it('is waited for, and what it tells then is believed', { timeout: 60_000 }, async () => {
      const client = createKubeClient(control.kubeConfig, { timeoutMs: 2_000 });
      const informer = createInformer({
        client,
        type: core.namespaces,
        log: pino({ level: 'silent' }),
        backoff: { baseMs: 20, maxMs: 200 },
      });
      const make = (name: string) =>
        client.create(core.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      try {
        await informer.start();
        await make('before');
        await expect.poll(() => informer.store.get({ namespace: '', name: 'before' })).toBeDefined();
        for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
          await control.stopApiServer(signal);
          await expect(make('meanwhile')).rejects.toMatchObject({ status: 0 });
          expect(informer.store.get({ namespace: '', name: 'before' })).toBeDefined();
          await control.startApiServer();
          await make(`after-${signal.toLowerCase()}`);
          await expect
            .poll(() => informer.store.get({ namespace: '', name: `after-${signal.toLowerCase()}` }), {
              timeout: 10_000,
            })
            .toBeDefined();
        }
      } finally {
        await informer.close();
        await client.close();
      }
    });
  },
);
