import { existsSync, lstatSync, readlinkSync } from 'node:fs';

/** Where things are on the host, as the sandbox' own identity can reach them. */
export interface Places {
  runtime: string;
  keys: string;
  home: string;
  /** Output of commands: on disk, because it may be large. */
  state: string;
  run: string;
  /** Holds the files of `identityFiles`. */
  etc: string;
  /** Folders outside of `/usr` that hold the browser. */
  extra: string[];
}

/** System folders that are the same thing as their counterpart in /usr on a merged system, and folders of their own elsewhere. */
const ROOT_FOLDERS = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/**
 * What a sandbox may read of /etc: configuration of libraries and programs. No accounts, no secrets, nothing about this
 * machine's owner; what programs expect to find about identity is made up instead.
 */
const ETC = [
  ...[
    'alternatives',
    'ld.so.cache',
    'ld.so.conf',
    'ld.so.conf.d',
    'os-release',
    'debian_version',
    'localtime',
    'timezone',
  ],
  ...[
    'ssl/certs',
    'ssl/openssl.cnf',
    'ca-certificates',
    'ca-certificates.conf',
    'pki/tls/certs',
    'pki/ca-trust/extracted',
  ],
  ...['fonts', 'X11', 'xdg', 'gtk-2.0', 'gtk-3.0', 'glvnd', 'vulkan', 'chromium', 'chromium.d', 'opt/chrome'],
  ...[
    'bash.bashrc',
    'inputrc',
    'profile',
    'terminfo',
    'mime.types',
    'magic',
    'protocols',
    'services',
    'gai.conf',
    'host.conf',
  ],
  ...['locale.alias', 'perl', 'python3', 'java-17-openjdk', 'java-21-openjdk', 'vim'],
];

/** Caches without which programs start slowly, or not at all. */
const VAR = ['/var/cache/fontconfig', '/var/lib/xkb'];

/** Made up for every sandbox; laid over /etc one by one. */
const ETC_MADE = ['passwd', 'group', 'hosts', 'hostname', 'resolv.conf', 'nsswitch.conf', 'machine-id'];

/**
 * Bubblewrap's options for the file system: an allow-list of what may be read; writable are the workspace, the private run
 * folder, and /tmp in memory.
 */
export function filesystemArguments(places: Places, tmpBytes: number | undefined): string[] {
  return [
    ...['--ro-bind', '/usr', '/usr'],
    ...ROOT_FOLDERS.flatMap(rootFolder),
    ...ETC.map((name) => `/etc/${name}`)
      .concat(VAR, places.extra)
      .filter((path) => existsSync(path))
      .flatMap((path) => ['--ro-bind', path, path]),
    ...ETC_MADE.flatMap((name) => ['--ro-bind', `${places.etc}/${name}`, `/etc/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...memoryFolder('/dev/shm', tmpBytes),
    ...memoryFolder('/tmp', tmpBytes),
    ...['--perms', '1777', '--dir', '/tmp/.X11-unix'],
    ...['--symlink', '/tmp', '/var/tmp', '--symlink', '/run', '/var/run'],
    ...['--bind', places.home, '/home/agent'],
    ...['--bind', places.run, '/run/sandpiper', '--bind', places.state, '/run/sandpiper/state'],
    ...['--ro-bind', places.runtime, '/opt/sandpiper', '--ro-bind', places.keys, '/etc/sandpiper/keys'],
    // What bubblewrap made to hold all these are tmpfs that belong to the sandbox: seal them.
    ...['--remount-ro', '/dev', '--remount-ro', '/'],
  ];
}

function memoryFolder(path: string, bytes: number | undefined): string[] {
  return [...(bytes === undefined ? [] : ['--size', bytes.toString()]), '--perms', '1777', '--tmpfs', path];
}

function rootFolder(name: string): string[] {
  const path = `/${name}`;
  if (!existsSync(path)) return [];
  return lstatSync(path).isSymbolicLink() ? ['--symlink', readlinkSync(path), path] : ['--ro-bind', path, path];
}

/** The contents of the files named in `ETC_MADE`: one person called `agent`, on a machine called `sandbox`. */
export function identityFiles(resolvConf: string, machineId: string): Record<string, string> {
  return {
    passwd:
      'root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n' +
      'agent:x:1000:1000:agent:/home/agent:/bin/bash\n' +
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
    group: 'root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n',
    hosts: '127.0.0.1\tlocalhost sandbox\n',
    hostname: 'sandbox\n',
    'resolv.conf': resolvConf,
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
    'machine-id': `${machineId}\n`,
  };
}
