import path from 'node:path';

/** What init was told by whoever started the sandbox. Every value has the default of a confined sandbox. */
export interface Settings {
  runDir: string;
  workspace: string;
  desktop: boolean;
  /** A fixed display (`:1`), or undefined to let the X server take the first that is free. */
  display: string | undefined;
  displaySize: { width: number; height: number };
  xauthority: string;
  cdpPort: number;
  browser: string;
  browserSandbox: boolean;
  /** The command that runs tool-api. */
  toolApi: string[];
  /** Without a sign of life from a manager for this long, init ends the sandbox. */
  heartbeatLossMs: number;
  /** Whether all processes that can be seen belong to this sandbox, so that init may end every one of them. */
  ownsAllProcesses: boolean;
  environment: NodeJS.ProcessEnv;
}

/**
 * Reads init's settings.
 *
 * @param environment  usually `process.env`
 * @param runtimeDir   the folder that holds `tool-api.mjs`
 * @throws Error  naming the variable that cannot be read
 */
export function readSettings(environment: NodeJS.ProcessEnv, runtimeDir: string): Settings {
  const runDir = environment['SANDPIPER_RUN_DIR'] ?? '/run/sandpiper';
  const display = environment['DISPLAY'] ?? ':1';
  return {
    runDir,
    workspace: environment['SANDPIPER_WORKSPACE'] ?? '/home/agent',
    desktop: environment['SANDPIPER_DESKTOP'] !== 'false',
    display: display === 'auto' ? undefined : display,
    displaySize: readSize(environment['SANDPIPER_DISPLAY_SIZE'] ?? '1280x800'),
    xauthority: environment['XAUTHORITY'] ?? path.join(runDir, 'Xauthority'),
    cdpPort: readPositive('SANDPIPER_CDP_PORT', environment['SANDPIPER_CDP_PORT'] ?? '9222'),
    browser: environment['SANDPIPER_BROWSER'] ?? '/usr/bin/chromium',
    browserSandbox: environment['SANDPIPER_BROWSER_SANDBOX'] !== 'false',
    toolApi: [process.execPath, path.join(runtimeDir, 'tool-api.mjs')],
    heartbeatLossMs: readPositive('SANDPIPER_HEARTBEAT_LOSS_MS', environment['SANDPIPER_HEARTBEAT_LOSS_MS'] ?? '60000'),
    ownsAllProcesses: environment['SANDPIPER_OWNS_ALL_PROCESSES'] === 'true',
    environment,
  };
}

function readSize(text: string): { width: number; height: number } {
  const match = /^(\d{2,5})x(\d{2,5})$/.exec(text);
  if (!match) throw new Error(`SANDPIPER_DISPLAY_SIZE must look like 1280x800, not '${text}'.`);
  return { width: Number(match[1]), height: Number(match[2]) };
}

function readPositive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value <= 0)
    throw new Error(`${name} must be a positive whole number, not '${text}'.`);
  return value;
}
