import type { InstanceRequest } from '../driver.ts';
import { filesystemArguments, type Places } from './filesystem.ts';
import type { Limits } from './limits.ts';
import type { Network } from './network/network.ts';

/** Everything about this machine and this installation that does not change from sandbox to sandbox. */
export interface LaunchSettings {
  /** Further settings of tool-api. */
  toolEnvironment: Record<string, string>;
  asRoot: boolean;
  /** Root may mount here, so that what its own folders hide can be shown to a sandbox' uid. */
  staged: boolean;
  confined: boolean;
  browser: string;
  browserSandbox: boolean;
  heartbeatLossMs: number;
  limits: Limits;
  /** The number of processes has no cgroup to limit it. */
  limitByRlimit: boolean;
  /** Upper bound of /tmp, which is in memory; undefined where bubblewrap is too old to set one. */
  tmpBytes: number | undefined;
  network: Network;
}

/** What belongs to one instance. */
export interface LaunchTarget {
  request: InstanceRequest;
  /** The instance' private folder on the host. */
  folder: string;
  /** Where its parts are on the host, before anything is mounted. */
  places: Places;
  /** The sandbox' own uid; undefined keeps ours. */
  uid: number | undefined;
  cgroupFiles: string[];
  /** A free port for the browser's debugging interface; only matters where the network is shared. */
  cdpPort: number;
}

export interface LaunchCommand {
  command: string;
  args: string[];
  environment: NodeJS.ProcessEnv;
}

/** Where bubblewrap says what it started. Number 4 is the pipe to whatever attaches a network. */
const INFO_FD = 3;

/**
 * The command that starts one sandbox: a chain of programs that replace one another, so that the process we start is
 * bubblewrap's own in the end.
 *
 * As root: `unshare` (mount and network namespace) → `sh` (cgroups, network, a private place that shows what the sandbox' uid
 * could not reach) → `setpriv` (drops everything) → `bwrap` → init. All mounts are in that first mount namespace, so that they vanish
 * with it. Otherwise the same without the private place, and with a user namespace that owns the network.
 */
export function launchCommand(settings: LaunchSettings, target: LaunchTarget): LaunchCommand {
  const { staged, confined, network } = settings;
  const stage = `${target.folder}/stage`;
  const places = staged
    ? {
        ...target.places,
        home: `${stage}/home`,
        state: `${stage}/state`,
        runtime: `${stage}/runtime`,
        keys: `${stage}/keys`,
      }
    : target.places;

  const script = [
    'echo $$ > "$INSTANCE/launcher.pid"',
    // Their memory would be written out by the host's core handler, on the host.
    'ulimit -c 0',
    ...target.cgroupFiles.map((file) => `echo $$ > '${file}'`),
    network.script,
    ...(staged ? [STAGE] : []),
    'exec "$@"',
  ].join('\n');

  const unshare = [...(staged ? ['--mount', '--propagation', 'slave'] : []), ...network.unshare];
  const init = [
    ...nprocLimit(settings),
    `${confined ? '/opt/sandpiper' : places.runtime}/bin/node`,
    `${confined ? '/opt/sandpiper' : places.runtime}/init.mjs`,
  ];
  const inner = confined
    ? [
        'bwrap',
        ...NAMESPACES,
        ...network.bwrap,
        '--info-fd',
        INFO_FD.toString(),
        ...environmentArguments(settings, { ...target, places }),
        ...filesystemArguments(places, settings.tmpBytes),
        '--',
        ...init,
      ]
    : [
        'env',
        '-i',
        ...Object.entries(sandboxEnvironment(settings, { ...target, places })).map(
          ([name, value]) => `${name}=${value}`,
        ),
        ...init,
      ];
  const chain = ['sh', '-euc', script, 'sandpiper', ...dropArguments(settings, target.uid), ...inner];
  const [command = 'sh', ...args] = unshare.length > 0 ? ['unshare', ...unshare, '--', ...chain] : chain;
  const { home, state, runtime, keys } = target.places;
  return {
    command,
    args,
    environment: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...network.environment,
      INSTANCE: target.folder,
      ...{ STAGE: stage, HOME_FOLDER: home, STATE_FOLDER: state, RUNTIME_FOLDER: runtime, KEYS_FOLDER: keys },
    },
  };
}

/** Root's view of the sandbox' parts, in a place that its uid can enter, whatever folders they lie below. */
const STAGE = `
mount -t tmpfs -o mode=0755,size=64k,nosuid,nodev sandpiper "$STAGE"
mkdir "$STAGE/home" "$STAGE/state" "$STAGE/runtime" "$STAGE/keys"
mount --bind "$HOME_FOLDER" "$STAGE/home"
mount --bind "$STATE_FOLDER" "$STAGE/state"
mount --bind "$RUNTIME_FOLDER" "$STAGE/runtime"
mount --bind "$KEYS_FOLDER" "$STAGE/keys"`;

// No --die-with-parent: a sandbox outlives its manager for a while, so that the next one can take it over. No
// --disable-userns: Chromium's own sandbox needs user namespaces.
const NAMESPACES = [
  ...[
    '--unshare-user',
    '--uid',
    '1000',
    '--gid',
    '1000',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
  ],
  ...['--hostname', 'sandbox', '--new-session', '--cap-drop', 'ALL'],
];

function dropArguments({ asRoot, network }: LaunchSettings, uid: number | undefined): string[] {
  const id = uid?.toString();
  if (asRoot && id === undefined) throw new Error('A sandbox never runs as root.');
  // In the user namespace that owns the network we hold all rights as well: they go, too.
  const privileged = asRoot || network.unshare.includes('--user');
  return [
    'setpriv',
    ...(id === undefined ? [] : ['--reuid', id, '--regid', id, '--clear-groups']),
    ...(privileged ? ['--bounding-set', '-all', '--inh-caps', '-all', '--ambient-caps', '-all'] : []),
    ...['--no-new-privs', '--'],
  ];
}

/** Set inside of the user namespace, where the kernel counts only this sandbox' processes. */
function nprocLimit({ limitByRlimit, limits, confined }: LaunchSettings): string[] {
  return limitByRlimit && confined ? ['prlimit', `--nproc=${limits.pids}:${limits.pids}`, '--'] : [];
}

function environmentArguments(settings: LaunchSettings, target: LaunchTarget): string[] {
  const entries = Object.entries(sandboxEnvironment(settings, target));
  return ['--clearenv', ...entries.flatMap(([name, value]) => ['--setenv', name, value]), '--chdir', '/home/agent'];
}

/** All that init and what it starts find in their environment; nothing is inherited. */
function sandboxEnvironment(
  settings: LaunchSettings,
  { request, places, cdpPort }: LaunchTarget,
): Record<string, string> {
  const run = settings.confined ? '/run/sandpiper' : places.run;
  const home = settings.confined ? '/home/agent' : places.home;
  return {
    HOME: home,
    USER: 'agent',
    LOGNAME: 'agent',
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    PATH: `${home}/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/games:${settings.confined ? '/opt/sandpiper' : places.runtime}/bin`,
    TMPDIR: '/tmp',
    // There is no session bus: without this, programs look for one, try to start it, and wait.
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    NO_AT_BRIDGE: '1',
    DISPLAY: settings.confined ? ':1' : 'auto',
    XAUTHORITY: `${run}/Xauthority`,
    SANDPIPER_UID: request.uid,
    SANDPIPER_LISTEN: `unix:${run}/tool.sock`,
    SANDPIPER_RUN_DIR: run,
    SANDPIPER_KEYS_DIR: settings.confined ? '/etc/sandpiper/keys' : places.keys,
    SANDPIPER_WORKSPACE: home,
    SANDPIPER_DESKTOP: request.desktop.toString(),
    SANDPIPER_DISPLAY_SIZE: `${request.display.width}x${request.display.height}`,
    SANDPIPER_CDP_PORT: cdpPort.toString(),
    SANDPIPER_BROWSER: settings.browser,
    SANDPIPER_BROWSER_SANDBOX: settings.browserSandbox.toString(),
    SANDPIPER_HEARTBEAT_LOSS_MS: settings.heartbeatLossMs.toString(),
    SANDPIPER_OWNS_ALL_PROCESSES: settings.confined.toString(),
    ...settings.toolEnvironment,
  };
}
