import type { SweepReport } from '@sandpiper/sandboxes';
import type { Logger } from 'pino';
import type { RuntimeConfig } from '../config.ts';
import type { GatewayParts } from '../gateway.ts';

/** What runs the computers of a gateway: the parts it is given, and what else must be done for them. */
export interface Runtime {
  /** Absent where there are none; `notes` then says why. */
  computers?: NonNullable<GatewayParts['computers']>;
  notes: readonly string[];
  /** Marks computers whose session is not among `known`; see `Sandboxes`' implementations. */
  sweepSessions(known: ReadonlySet<string>): Promise<SweepReport>;
  /** To be called when the gateway is closed. Computers go on. */
  close(): Promise<void>;
}

/**
 * Opens what the configuration names. Waits for nobody: a cluster that does not answer keeps the gateway from being
 * ready, not from starting. Throws an Error of one line that names what is wrong with a key or a kubeconfig.
 */
export async function openRuntime(config: RuntimeConfig, log: Logger): Promise<Runtime> {
  switch (config.kind) {
    case 'none':
      return noRuntime();
    case 'kubernetes': {
      // Loaded when it is needed: the client of Kubernetes takes longer to load than all the rest.
      const { openKubernetesRuntime } = await import('./kubernetes.ts');
      return openKubernetesRuntime(config, log);
    }
  }
}

function noRuntime(): Runtime {
  return {
    notes: ['This gateway runs on its own, so there are no computers; npm start brings them along.'],
    sweepSessions: () => Promise.resolve({ checked: 0, swept: [], stopped: false }),
    close: () => Promise.resolve(),
  };
}
