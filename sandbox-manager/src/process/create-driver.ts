import { chmod, mkdir, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Confinement, Driver } from '../driver.ts';
import { findBrowser } from './browsers.ts';
import { runCommand } from './command.ts';
import { checkConfinement, dropTo } from './confinement.ts';
import { ProcessDriverError } from './errors.ts';
import type { Logger } from './instance.ts';
import type { LaunchSettings } from './launch.ts';
import { findCgroupBase, type CgroupBase, type Limits } from './limits.ts';
import { chooseNetwork } from './network/choose.ts';
import { ProcessDriver } from './process-driver.ts';
import { defaultRunRoot, installationId } from './run-folder.ts';
import { UidClaims, uidRangeWithin, type UidRange } from './uids.ts';
import { Workspaces } from './workspaces.ts';

export interface ProcessDriverOptions {
  /** Workspaces are kept below it. */
  dataDir: string;
  /** What `hack/build-runtime.ts` made: init, tool-api, Node. */
  runtimeDir: string;
  /** Public keys, as `<issuer>.<kid>.pem`. */
  keysDir: string;
  /** For what lives as long as sandboxes do. Default: below /run, or the person's runtime folder. */
  runRoot?: string;
  /** `XDG_RUNTIME_DIR`. */
  userRuntimeDir?: string;
  /** Only used when started as root. */
  uidRange?: UidRange;
  /** Where installations on this host agree on uids. */
  uidClaimsDir?: string;
  /** Run sandboxes as plain processes, where this machine cannot confine them: the person accepts the risk. */
  unconfined?: boolean;
  /** Default true; false where a probe found that Chromium's own sandbox does not work here. */
  browserSandbox?: boolean;
  /** Default: the first that distributions are known to install. */
  browser?: string;
  /** Further settings of tool-api; everything in the sandbox can read them. */
  toolEnvironment?: Record<string, string>;
  limits?: Partial<Limits>;
  /** How long sandboxes outlive their manager. */
  heartbeatLossMs?: number;
  logger: Logger;
}

const DEFAULT_LIMITS: Limits = { memoryBytes: 4 * 1024 ** 3, pids: 2048 };

/**
 * Runs sandboxes as plain processes of this host, confined by bubblewrap.
 *
 * Takes over the sandboxes that an earlier manager of the same `dataDir` left running, and cleans up after those that ended.
 *
 * @throws ProcessDriverError CONFINEMENT_UNAVAILABLE, with the way to get it, unless `unconfined`
 */
export async function createProcessDriver(options: ProcessDriverOptions): Promise<Driver> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const id = installationId(options.dataDir);
  const asRoot = process.getuid?.() === 0;
  const runRoot = options.runRoot ?? defaultRunRoot(id, process.getuid?.() ?? 0, options.userRuntimeDir);
  await mkdir(runRoot, { recursive: true, mode: asRoot ? 0o711 : 0o700 });

  const confined = options.unconfined !== true;
  const uidRange = options.uidRange ?? uidRangeWithin(await readFile('/proc/self/uid_map', 'utf8'));
  const features = confined ? await checkConfinement(asRoot ? uidRange.first : undefined) : { tmpSize: false };
  const [network, cgroups] = await Promise.all([
    chooseNetwork({ id, asRoot, confined }),
    findCgroupBase(await readFile('/proc/self/cgroup', 'utf8'), await readFile('/proc/self/mounts', 'utf8')),
  ]);

  const staged = asRoot && (await runCommand('unshare', ['--mount', 'true'])).code === 0;
  if (asRoot && !staged) await checkReachable(options, uidRange.first);

  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const browserSandbox = options.browserSandbox ?? true;
  const confinement: Confinement = {
    confined,
    network: network.kind,
    limits: cgroups ? 'cgroup' : confined ? 'prlimit' : 'none',
    browserSandbox,
    notes: [...network.notes, ...limitNotes(cgroups, confined)],
  };
  const browser = options.browser ?? findBrowser() ?? '/usr/bin/chromium';
  const settings: LaunchSettings = {
    ...{ asRoot, staged, confined, browser, browserSandbox, limits, network },
    heartbeatLossMs: options.heartbeatLossMs ?? 60_000,
    toolEnvironment: options.toolEnvironment ?? {},
    limitByRlimit: cgroups === undefined,
    tmpBytes: features.tmpSize ? Math.floor(limits.memoryBytes / 2) : undefined,
  };
  options.logger.info({ confinement, runRoot, browser }, 'process driver ready');

  const claims = asRoot ? new UidClaims(options.uidClaimsDir ?? '/run/sandpiper-uids', uidRange) : undefined;
  const driver = new ProcessDriver({
    ...{ id, runRoot, settings, confinement, cgroups, logger: options.logger },
    runtimeDir: await realpath(options.runtimeDir),
    keysDir: await realpath(options.keysDir),
    workspaces: new Workspaces(path.join(await realpath(options.dataDir), 'workspaces'), claims),
  });
  await driver.recover();
  return driver;
}

/** Without mounts of its own, a sandbox' uid has to reach the folders where they are. */
async function checkReachable({ dataDir, runtimeDir }: ProcessDriverOptions, uid: number): Promise<void> {
  await chmod(dataDir, 0o711);
  await mkdir(path.join(dataDir, 'workspaces'), { recursive: true, mode: 0o711 });
  const folders = [path.join(dataDir, 'workspaces'), runtimeDir];
  const check = await runCommand('setpriv', [
    ...dropTo(uid),
    'sh',
    '-c',
    'for f; do [ -x "$f" ] || { echo "$f"; exit 1; }; done',
    'sh',
    ...folders,
  ]);
  if (check.code === 0) return;
  throw new ProcessDriverError(
    'UNREACHABLE',
    `Sandboxes do not run as root, and other users cannot enter ${check.stdout.trim()}.`,
    {
      hint: 'Use folders that everybody may pass through: set SANDPIPER_DATA_DIR, or move the installation out of the home of root.',
    },
  );
}

function limitNotes(cgroups: CgroupBase | undefined, confined: boolean): string[] {
  if (cgroups) return [];
  const how =
    'Start it in a delegated cgroup (systemd-run --user --scope -p Delegate=yes) to have memory and processors limited.';
  return [confined ? `Only the number of processes is limited. ${how}` : `Nothing is limited. ${how}`];
}
