import { probeHost } from '@sandpiper/sandbox-manager';
import type { ProbeReport, ProbeResult } from '@sandpiper/sandbox-manager';
import { installPackages } from './install.ts';
import type { InstallOptions } from './install.ts';

export interface HostReadiness {
  /** Confined, as they should be. */
  canRunComputers: boolean;
  /** Only without confinement. */
  canRunUnconfined: boolean;
  /** False where Chromium's own sandbox does not work. */
  browserSandbox: boolean;
  /** Why not, or what is weaker than it should be; each says the way out. */
  notes: string[];
}

/**
 * Finds out by trying whether this machine can run computers, and installs what it lacks where it may. Nothing is looked up in a
 * package database: a program counts as there when it ran.
 */
export async function prepareHost(options: InstallOptions): Promise<HostReadiness> {
  const first = await probeHost();
  if (first.canRunComputers) return readinessOf(first);

  const lacking = first.results.filter((result) => result.required && !result.ok);
  const missing = [...new Set(lacking.flatMap((result) => result.packages?.debian ?? []))];
  if (missing.length === 0) return readinessOf(first);
  options.print(`This machine lacks what a computer needs: ${lacking.map((result) => result.name).join(', ')}.`);
  const outcome = await installPackages(missing, options);
  return readinessOf(outcome === 'installed' ? await probeHost() : first);
}

function readinessOf({ results, canRunComputers, canRunUnconfined }: ProbeReport): HostReadiness {
  return {
    canRunComputers,
    canRunUnconfined,
    browserSandbox: results.every((result) => result.name !== 'browser sandbox' || result.ok),
    notes: results.filter((result) => !result.ok).map(noteOf),
  };
}

const noteOf = ({ name, detail, remedy }: ProbeResult): string =>
  `${name}: ${detail}${remedy === undefined ? '' : `\n${remedy}`}`;
