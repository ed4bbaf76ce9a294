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
  let report = await probeHost();
  const tried = new Set<string>();
  // What is missing may hide what else is: no window manager is missed before there is a display.
  for (;;) {
    const missing = missingPackages(report).filter((name) => !tried.has(name));
    if (missing.length === 0) return readinessOf(report);
    options.print(`This machine lacks what a computer needs: ${namesOf(report)}.`);
    if ((await installPackages(missing, options)) !== 'installed') return readinessOf(report);
    for (const name of missing) tried.add(name);
    report = await probeHost();
  }
}

/** Without them pages in most of the world's scripts are boxes. */
const FONTS = ['fonts-noto-core', 'fonts-noto-cjk', 'fonts-noto-color-emoji'];

function missingPackages({ results }: ProbeReport): string[] {
  const named = results.flatMap((result) => (result.ok ? [] : (result.packages?.debian ?? [])));
  return [...new Set(named.includes('chromium') ? [...named, ...FONTS] : named)];
}

const namesOf = ({ results }: ProbeReport): string =>
  results
    .filter((result) => !result.ok && result.packages)
    .map((result) => result.name)
    .join(', ');

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
