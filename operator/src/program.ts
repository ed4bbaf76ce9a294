import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { KubeConfig } from '@kubernetes/client-node';
import { createSigner } from '@sandpiper/capability';
import {
  type BeforeWrite,
  createEventRecorder,
  createKubeClient,
  createKubeMetrics,
  createLeaderElector,
  createManager,
  guardWrites,
  type RequestReport,
} from '@sandpiper/kube';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { OperatorKeys } from './keys/key-files.ts';
import { createMetrics } from './metrics.ts';
import { createOperator } from './operator.ts';
import type { Options } from './options.ts';
import { instancesByAddress } from './suspend/by-address.ts';
import { instancesByPodProxy } from './suspend/by-pod-proxy.ts';
import type { Instances } from './suspend/instances.ts';

export interface ProgramParts {
  kubeConfig: KubeConfig;
  keys: OperatorKeys;
  options: Options;
  log: Logger;
  version: string;
  /** Another replica leads: the process must end. */
  onLost: (error: Error) => void;
  /** Called before each write; see `guardWrites`. */
  beforeWrite?: BeforeWrite;
  /** Told of each request of the controllers. */
  onRequest?: (report: RequestReport) => void;
  /** Silence after which a watch counts as dead, ms. */
  inactivityMs?: number;
  /** Epoch ms. */
  now?: () => number;
  leaseTimes?: { leaseDurationMs: number; renewDeadlineMs: number; retryPeriodMs: number };
}

/** One replica of the operator. */
export interface Program {
  /** Of `/healthz`, `/readyz` and `/metrics`, once started. */
  readonly port: number | undefined;
  readonly registry: Registry;
  /** Resolves when it leads and works. */
  start(): Promise<void>;
  /** Lets what is under way finish, flushes events and hands the lease over. */
  close(): Promise<void>;
}

/** Puts one replica together: clients, leader election, caches, controllers, probes. */
export function createProgram(parts: ProgramParts): Program {
  const { kubeConfig, keys, options, log, version, now } = parts;
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const kubeMetrics = createKubeMetrics(registry);
  const metrics = createMetrics(registry);
  const userAgent = `sandpiper-operator/${version}`;
  const client = createKubeClient(kubeConfig, {
    userAgent,
    onRequest(report) {
      kubeMetrics.onRequest(report);
      metrics.onRequest(report);
      parts.onRequest?.(report);
    },
  });
  // The lease has connections of its own: renewing must not wait behind a thousand sandboxes.
  const leaseClient = createKubeClient(kubeConfig, { userAgent, maxConnections: 2 });
  const identity = `${hostname()}_${randomUUID()}`;
  const elector = options.leaderElection
    ? createLeaderElector({
        client: leaseClient,
        lease: { namespace: options.leaseNamespace, name: 'sandpiper-operator' },
        identity,
        onLost: parts.onLost,
        metrics: kubeMetrics,
        log,
        ...parts.leaseTimes,
      })
    : undefined;
  const writer = guardWrites(client, {
    ...(parts.beforeWrite && { beforeWrite: parts.beforeWrite }),
    // When it is sent, and before each retry: a write may have waited for its turn.
    ...(elector && { beforeSend: () => elector.assertLeading() }),
  });
  const signer = createSigner({ ...keys.signing, issuer: 'operator' });
  const instances: Instances =
    options.instanceAccess === 'address' ? instancesByAddress(signer) : instancesByPodProxy(client, signer);
  const events = createEventRecorder({ client, controller: 'sandpiper.dev/operator', instance: identity, log });
  const { controllers } = createOperator({
    client: writer,
    events,
    instances,
    network: { callers: [options.callers], clusterDns: options.dns, deny: options.denyCidrs },
    publicKeys: keys.publicKeys,
    metrics,
    kubeMetrics,
    log,
    concurrency: options.concurrency,
    ...(options.namespace !== undefined && { namespace: options.namespace }),
    ...(parts.inactivityMs !== undefined && { inactivityMs: parts.inactivityMs }),
    ...(now && { now }),
  });
  const manager = createManager({
    controllers,
    events,
    registry,
    log,
    ...(elector && { elector }),
    probes: { host: options.host, port: options.port, profile: options.profiling ? 'any' : 'local' },
  });
  return {
    get port() {
      return manager.port;
    },
    registry,
    start: () => manager.start(),
    async close() {
      await manager.close();
      await Promise.all([client.close(), leaseClient.close()]);
    },
  };
}
