import { probeHost } from '@sandpiper/sandbox-manager';
import type { ProbeReport } from '@sandpiper/sandbox-manager';
import { installPackages } from './install.ts';
import type { InstallOptions } from './install.ts';

export interface HostReadiness {
  canRunComputers: boolean;
  /** Why not, or what is weaker than it should be; each sentence says the way out. */
  notes: string[];
}

/**
 * Finds out by trying whether this machine can run computers, and installs what it lacks where it may. Nothing is looked up in a
 * package database: a program counts as there when it ran.
 */
export async function prepareHost(options: InstallOptions): Promise<HostReadiness> {
  const first = await probeHost();
  if (first.canRunComputers) return readinessOf(first);

  const missing = [...new Set(first.checks.flatMap((check) => (check.ok ? [] : (check.packages?.debian ?? []))))];
  if (missing.length === 0) return readinessOf(first);
  options.print(`This machine lacks what a computer needs: ${namesOf(first).join(', ')}.`);
  const outcome = await installPackages(missing, options);
  return readinessOf(outcome === 'installed' ? await probeHost() : first);
}

const namesOf = (report: ProbeReport): string[] => report.checks.filter((check) => !check.ok).map((check) => check.name);

function readinessOf(report: ProbeReport): HostReadiness {
  const notes = report.checks
    .filter((check) => !check.ok)
    .map((check) => [`${check.name}: ${check.detail}`, check.remedy].filter((part) => part !== undefined).join(' '));
  return { canRunComputers: report.canRunComputers, notes };
}
