import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findBrowser } from './browsers.ts';
import { runCommand, type CommandResult } from './command.ts';
import { dropTo, remedy, tryConfinement } from './confinement.ts';
import { uidRangeWithin } from './uids.ts';

/** The outcome of running one thing once. */
export interface ProbeResult {
  name: 'platform' | 'bubblewrap' | 'browser' | 'browser sandbox' | 'display' | 'window manager' | 'network' | 'tools';
  ok: boolean;
  /** What was found, or what went wrong. */
  detail: string;
  /** What to do about it, as a person would type it; may have several lines. */
  remedy?: string;
  /** Packages that bring it, where a package does. */
  packages?: { debian: string[] };
  /** Without it there is no computer; else only less of one. */
  required: boolean;
}

export interface ProbeReport {
  results: ProbeResult[];
  /** Whether sandboxes can run here, confined. */
  canRunComputers: boolean;
  /** Whether they could without confinement: all but bubblewrap is there. */
  canRunUnconfined: boolean;
  /** `ID`, `VERSION_ID`, `PRETTY_NAME` and the others of /etc/os-release; empty where there is none. */
  osRelease: Record<string, string>;
  elapsedMs: number;
}

/**
 * Finds out what this machine can do by doing it: each program is run once, at the same time, the way the driver would run
 * it (rights dropped, in namespaces), and bounded in time. Changes nothing.
 */
export async function probeHost({ signal }: { signal?: AbortSignal } = {}): Promise<ProbeReport> {
  const startedAt = Date.now();
  const osRelease = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  if (process.platform !== 'linux') {
    const results: ProbeResult[] = [
      {
        name: 'platform',
        ok: false,
        required: true,
        detail: `Sandboxes are Linux processes, and this is ${process.platform === 'darwin' ? 'macOS' : process.platform}.`,
        remedy: 'Run it with Docker, or on a Linux machine.',
      },
    ];
    return { results, canRunComputers: false, canRunUnconfined: false, osRelease, elapsedMs: Date.now() - startedAt };
  }
  const uid = process.getuid?.() === 0 ? uidRangeWithin(await readFile('/proc/self/uid_map', 'utf8')).first : undefined;
  // What is started here writes to a folder of its own, as the uid it runs under.
  const scratch = await mkdtemp(path.join(tmpdir(), 'sandpiper-probe-'));
  try {
    await chmod(scratch, 0o700);
    if (uid !== undefined) await chown(scratch, uid, uid);
    const probe: Probe = { uid, scratch, osRelease, run: runner(uid, scratch, signal) };
    const groups = await Promise.all([
      probeBubblewrap(probe, signal),
      probeBrowser(probe),
      probeDisplay(probe),
      probeNetwork(uid),
    ]);
    const results = [...groups.flat(), probeTools()];
    const lacks = (except: ProbeResult['name'][]): boolean =>
      results.some(({ ok, required, name }) => required && !ok && !except.includes(name));
    return {
      results,
      canRunComputers: !lacks([]),
      canRunUnconfined: !lacks(['bubblewrap']),
      osRelease,
      elapsedMs: Date.now() - startedAt,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Probe {
  uid: number | undefined;
  scratch: string;
  osRelease: Record<string, string>;
  /** Runs a program with dropped rights. */
  run: (command: string, args: string[], timeoutMs: number) => Promise<CommandResult>;
}

function runner(uid: number | undefined, scratch: string, signal: AbortSignal | undefined): Probe['run'] {
  const environment = {
    PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    HOME: scratch,
    TMPDIR: scratch,
    LANG: 'C.UTF-8',
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
  };
  return (command, args, timeoutMs) =>
    runCommand('setpriv', [...dropTo(uid), command, ...args], {
      environment,
      timeoutMs,
      ...(signal ? { signal } : {}),
    });
}

async function probeBubblewrap({ uid }: Probe, signal: AbortSignal | undefined): Promise<ProbeResult> {
  const base = { name: 'bubblewrap', required: true } as const;
  if (!isInstalled('bwrap')) {
    return { ...base, ok: false, detail: 'bubblewrap is not installed.', packages: { debian: ['bubblewrap'] } };
  }
  const trial = await tryConfinement(uid, signal);
  if (trial.code === 0) return { ...base, ok: true, detail: 'Namespaces can be made.' };
  return {
    ...base,
    ok: false,
    detail: `bubblewrap does not work: ${trial.stderr || 'no answer in time'}`,
    remedy: await remedy(),
  };
}

/** Runs the browser without a window, with its sandbox, and where that fails without: the difference tells what is missing. */
async function probeBrowser({ run, scratch, osRelease }: Probe): Promise<ProbeResult[]> {
  const browser = findBrowser();
  if (browser === undefined) return [browserMissing(osRelease)];
  const start = (name: string, extra: string[]): Promise<CommandResult> => {
    const profile = `--user-data-dir=${path.join(scratch, name)}`;
    return run(
      browser,
      [
        '--headless',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        profile,
        ...extra,
        '--dump-dom',
        'about:blank',
      ],
      8000,
    );
  };
  const works = ({ code, stdout }: CommandResult): boolean => code === 0 && stdout.includes('<html>');
  const guarded = await start('guarded', []);
  if (works(guarded)) {
    return [
      { name: 'browser', required: true, ok: true, detail: browser },
      { name: 'browser sandbox', required: false, ok: true, detail: 'Chromium’s own sandbox works.' },
    ];
  }
  const bare = await start('bare', ['--no-sandbox']);
  const said = (result: CommandResult): string =>
    result.stderr.split('\n').find((line) => /FATAL|sandbox|error/i.test(line)) ?? 'it did not answer in time';
  if (!works(bare)) {
    return [
      {
        name: 'browser',
        required: true,
        ok: false,
        detail: `${browser} does not start: ${said(bare)}`,
        packages: { debian: ['chromium'] },
      },
    ];
  }
  return [
    { name: 'browser', required: true, ok: true, detail: browser },
    {
      name: 'browser sandbox',
      required: false,
      ok: false,
      detail: `Chromium starts only without its own sandbox: ${said(guarded)}`,
      remedy: await remedy(),
    },
  ];
}

function browserMissing(osRelease: Record<string, string>): ProbeResult {
  const base = { name: 'browser', required: true, ok: false } as const;
  if (osRelease['ID'] !== 'ubuntu')
    return { ...base, detail: 'Chromium is not installed.', packages: { debian: ['chromium'] } };
  // Ubuntu's packages `chromium` and `chromium-browser` only install a snap, which cannot run inside of another sandbox.
  return {
    ...base,
    detail:
      'Neither Google Chrome nor Chromium is installed. (Ubuntu’s own Chromium is a snap, which cannot run in a sandbox.)',
    remedy:
      'wget https://dl.google.com/linux/direct/google-chrome-stable_current_amd64.deb\n' +
      'sudo apt-get install ./google-chrome-stable_current_amd64.deb',
  };
}

/** Starts an X server that serves VNC on a Unix socket, and a window manager on it; both are ended at once. */
async function probeDisplay({ run, scratch }: Probe): Promise<ProbeResult[]> {
  const display = { name: 'display', required: true } as const;
  const manager = { name: 'window manager', required: true } as const;
  const packages = { debian: ['tigervnc-standalone-server'] };
  const openbox: ProbeResult = isInstalled('openbox')
    ? { ...manager, ok: true, detail: 'openbox starts.' }
    : { ...manager, ok: false, detail: 'openbox is not installed.', packages: { debian: ['openbox'] } };
  if (!isInstalled('Xtigervnc'))
    return [{ ...display, ok: false, detail: 'TigerVNC’s X server is not installed.', packages }, openbox];
  // `timeout` ends the whole group, the server included, whatever the script is waiting for.
  const result = await run('timeout', ['5', 'sh', '-c', TRY_DISPLAY, 'sh', scratch], 6000);
  const server: ProbeResult = result.stdout.includes('display ')
    ? { ...display, ok: true, detail: 'Xtigervnc starts.' }
    : {
        ...display,
        ok: false,
        detail: `Xtigervnc does not start: ${lastLine(result.stderr) || 'no answer in time'}`,
        packages,
      };
  if (!openbox.ok || !server.ok || result.stdout.includes('window manager ')) return [server, openbox];
  return [
    server,
    {
      ...manager,
      ok: false,
      detail: `openbox does not start: ${lastLine(result.stderr)}`,
      packages: { debian: ['openbox'] },
    },
  ];
}

/**
 * The server writes its number into a pipe when it is up. `openbox --exit` ends a window manager that runs on that display,
 * so a window manager that could start exits by it.
 */
const TRY_DISPLAY = `
mkfifo "$1/number"
Xtigervnc -displayfd 3 -geometry 640x480 -depth 24 -rfbport -1 -rfbunixpath "$1/vnc.sock" -rfbunixmode 0600 \\
  -nolisten local -nolisten tcp -SecurityTypes None 3>"$1/number" >/dev/null &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null' EXIT TERM
read -r number <"$1/number" || exit 1
echo "display $number"
command -v openbox >/dev/null || exit 0
export DISPLAY=":$number"
openbox --sm-disable --startup 'openbox --exit' >/dev/null && echo 'window manager ended'
`;

async function probeNetwork(uid: number | undefined): Promise<ProbeResult> {
  const base = { name: 'network', required: false } as const;
  if (uid !== undefined) {
    const lacking = [
      ['ip', 'iproute2'],
      ['nft', 'nftables'],
    ]
      .filter(([program = '']) => !isInstalled(program))
      .map(([, name = '']) => name);
    if (lacking.length > 0)
      return {
        ...base,
        ok: false,
        detail: `Sandboxes need ${lacking.join(' and ')} to reach the Internet.`,
        packages: { debian: lacking },
      };
    const tables = await runCommand('nft', ['list', 'tables'], { timeoutMs: 2000 });
    if (tables.code !== 0)
      return { ...base, ok: false, detail: `nftables does not work here: ${lastLine(tables.stderr)}` };
    return { ...base, ok: true, detail: 'A link with address translation for each sandbox.' };
  }
  if (!isInstalled('slirp4netns')) {
    return {
      ...base,
      ok: false,
      detail: 'Sandboxes need slirp4netns to reach the Internet.',
      packages: { debian: ['slirp4netns', 'iproute2'] },
    };
  }
  const tun = await runCommand('sh', ['-c', 'exec 3<>/dev/net/tun'], { timeoutMs: 2000 });
  if (tun.code === 0) return { ...base, ok: true, detail: 'slirp4netns for each sandbox.' };
  return {
    ...base,
    ok: false,
    detail: 'slirp4netns may not open /dev/net/tun.',
    remedy: 'sudo chmod 0666 /dev/net/tun',
  };
}

/** What tools use inside of a sandbox; each has a fallback, or fails with a message of its own. */
function probeTools(): ProbeResult {
  const lacking = [
    ['xclip', 'xclip'],
    ['xdotool', 'xdotool'],
    ['scrot', 'scrot'],
  ]
    .filter(([program = '']) => !isInstalled(program))
    .map(([, name = '']) => name);
  if (lacking.length === 0)
    return { name: 'tools', required: false, ok: true, detail: 'Clipboard, keyboard and screenshots.' };
  return {
    name: 'tools',
    required: false,
    ok: false,
    detail: `Missing: ${lacking.join(', ')}.`,
    packages: { debian: lacking },
  };
}

function isInstalled(program: string): boolean {
  return ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin'].some((folder) =>
    existsSync(path.join(folder, program)),
  );
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

function parseOsRelease(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map(([, key = '', value = '']) => [key, value]),
  );
}
