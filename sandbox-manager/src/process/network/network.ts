import { privateRanges } from '@sandpiper/api';
import type { Stream } from 'node:stream';
import type { Confinement } from '../../driver.ts';
import type { ProcessId } from '../processes.ts';

/** The way out of sandboxes on this machine. */
export interface Network {
  kind: Confinement['network'];
  /** What is missing or was changed, in sentences for a person. */
  notes: string[];
  /** Contents of the sandbox' /etc/resolv.conf. */
  resolvConf: string;
  /** How `unshare` makes the network namespace, before anything is dropped; empty where bubblewrap makes it. */
  unshare: string[];
  /** Options for bubblewrap. */
  bwrap: string[];
  /** Shell commands that set it up from within, still with rights over it; they may use the variables of `environment`. */
  script: string;
  environment: Record<string, string>;
  /**
   * Connects the launcher's namespace from outside; the launcher waits until it resolves.
   *
   * @param exitPipe  our end of a pipe whose other end lives exactly as long as the sandbox
   */
  attach?: (launcherPid: number, exitPipe: Stream) => Promise<ProcessId>;
  /** Undoes what was changed on the host. Sandboxes must be gone. */
  close(): Promise<void>;
}

/** Shell commands that leave a new network namespace without IPv6: one protocol to guard, not two. */
export const DISABLE_IPV6 = `
for family in all default; do
  f=/proc/sys/net/ipv6/conf/$family/disable_ipv6; [ ! -e "$f" ] || echo 1 > "$f"
done`;

/** Own namespace, nothing but its loopback. */
export function noNetwork(notes: string[]): Network {
  return {
    kind: 'none',
    notes,
    resolvConf: '',
    unshare: [],
    bwrap: ['--unshare-net'],
    script: '',
    environment: {},
    close: () => Promise.resolve(),
  };
}

/** The host's network, shared: only without confinement. */
export function hostNetwork(): Network {
  return {
    kind: 'host',
    notes: [],
    resolvConf: '',
    unshare: [],
    bwrap: [],
    script: '',
    environment: {},
    close: () => Promise.resolve(),
  };
}

/** Where a sandbox may not go. IPv6 is off. */
export const DENIED: readonly string[] = privateRanges.ipv4;
