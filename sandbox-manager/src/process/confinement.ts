import { readFile } from 'node:fs/promises';
import { runCommand } from './command.ts';
import { ProcessDriverError } from './errors.ts';

/**
 * Runs bubblewrap once as every sandbox will be run.
 *
 * @param uid  the uid that root changes to first; undefined when we are not root
 * @returns what this bubblewrap can do
 * @throws ProcessDriverError CONFINEMENT_UNAVAILABLE, with the remedy for this machine
 */
export async function checkConfinement(uid: number | undefined): Promise<{ tmpSize: boolean }> {
  const [help, trial] = await Promise.all([runCommand('bwrap', ['--help']), tryConfinement(uid)]);
  if (help.code === undefined) {
    throw new ProcessDriverError(
      'CONFINEMENT_UNAVAILABLE',
      'bubblewrap is not installed, so sandboxes cannot be confined.',
      {
        hint: `Install the package 'bubblewrap'. ${ACCEPT}`,
      },
    );
  }
  if (trial.code !== 0) {
    throw new ProcessDriverError('CONFINEMENT_UNAVAILABLE', `bubblewrap does not work here: ${trial.stderr}`, {
      hint: `${await remedy()} ${ACCEPT}`,
    });
  }
  return { tmpSize: `${help.stdout}${help.stderr}`.includes('--size') };
}

/** The same namespaces, the same drop of rights, and `/bin/true` in it. */
export function tryConfinement(
  uid: number | undefined,
  signal?: AbortSignal,
): Promise<{ code: number | undefined; stderr: string }> {
  const inside = [
    '--unshare-user',
    '--uid',
    '1000',
    '--gid',
    '1000',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-net',
  ];
  const mounts = ['--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'];
  return runCommand('setpriv', [...dropTo(uid), 'bwrap', ...inside, ...mounts, 'true'], {
    timeoutMs: 5000,
    ...(signal ? { signal } : {}),
  });
}

/** Options of setpriv that leave nothing to a sandbox; only the last for those who have nothing. */
export function dropTo(uid: number | undefined): string[] {
  if (uid === undefined) return ['--no-new-privs', '--'];
  const id = uid.toString();
  const capabilities = ['--bounding-set', '-all', '--inh-caps', '-all', '--ambient-caps', '-all'];
  return ['--reuid', id, '--regid', id, '--clear-groups', ...capabilities, '--no-new-privs', '--'];
}

const ACCEPT =
  'To run sandboxes without confinement, as ordinary processes that can read and change what you can, set SANDPIPER_UNCONFINED=1.';

/** How to get user namespaces on this machine. */
export async function remedy(): Promise<string> {
  const read = async (file: string): Promise<string> => (await readFile(file, 'utf8').catch(() => '')).trim();
  if ((await read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns')) === '1') {
    return APPARMOR_REMEDY;
  }
  if ((await read('/proc/sys/kernel/unprivileged_userns_clone')) === '0') {
    return 'This kernel gives user namespaces to root only. Allow them: sudo sysctl -w kernel.unprivileged_userns_clone=1';
  }
  if ((await read('/proc/sys/user/max_user_namespaces')) === '0') {
    return 'User namespaces are switched off. Allow them: sudo sysctl -w user.max_user_namespaces=15000';
  }
  return 'If this is a container, its seccomp profile forbids user namespaces: start it with one that allows them (Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined).';
}

/** Ubuntu since 23.10 (https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces). */
const APPARMOR_REMEDY = `This Ubuntu lets only programs with an AppArmor profile use user namespaces. Give bubblewrap one:
  printf 'abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile bwrap /usr/bin/bwrap flags=(unconfined) {\\n  userns,\\n}\\n' | sudo tee /etc/apparmor.d/bwrap
  sudo apparmor_parser -r /etc/apparmor.d/bwrap
or allow them for all programs until the next start: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`;
