import { createSigner } from '@sandpiper/capability';
import { createInstanceClient } from '@sandpiper/instance';
import { openKubernetesSandboxes } from '@sandpiper/sandboxes/kubernetes';
import type { Logger } from 'pino';
import type { KubernetesRuntimeConfig } from '../config.ts';
import { errors } from '../errors.ts';
import type { Runtime } from './runtime.ts';
import { readSigningKey } from './signing-key.ts';

/** Computers that are pods: Sandbox resources in one namespace, which an operator brings to life. */
export async function openKubernetesRuntime(config: KubernetesRuntimeConfig, log: Logger): Promise<Runtime> {
  const signer = createSigner({ ...(await readSigningKey(config.keyPath)), issuer: 'gateway' });
  const sandboxes = openKubernetesSandboxes({
    installation: config.installation,
    defaultTemplate: config.template,
    addresses: { allowLoopback: config.allowLoopback },
    log: log.child({ part: 'sandboxes' }),
    ...(config.kubeconfig !== undefined && { kubeconfig: config.kubeconfig }),
    ...(config.namespace !== undefined && { namespace: config.namespace }),
  });
  const { namespace } = sandboxes;
  sandboxes.start().then(
    () => log.info({ namespace, installation: config.installation }, 'the sandboxes of the cluster are known'),
    (error: unknown) => log.debug({ err: error }, 'stopped before the sandboxes of the cluster were known'),
  );
  return {
    computers: {
      sandboxes,
      signer,
      connectInstance: ({ address, uid }) => createInstanceClient({ address, uid, signer }),
      async checkReady() {
        await Promise.resolve();
        if (!sandboxes.isSynced) throw errors.NOT_READY({ what: 'the API server of Kubernetes' });
      },
    },
    notes: config.allowLoopback ? [LOOPBACK] : [],
    sweepSessions: (known) => sandboxes.sweepSessions(known),
    close: () => sandboxes.close(),
  };
}

const LOOPBACK =
  'Computers may be processes of the host (SANDBOX_ALLOW_LOOPBACK): a setting for tests, and for nothing else.';
