import { spawn } from 'node:child_process';
import { fileErrors } from './errors.ts';
import type { Place } from './place.ts';

/** Moves between file systems, by mv(1), which gets both folders as open descriptors rather than by name. */
export async function moveBetween(source: Place, target: Place): Promise<void> {
  const child = spawn(
    'mv',
    ['-T', '--', `/proc/self/fd/3/${source.leaf ?? ''}`, `/proc/self/fd/4/${target.leaf ?? ''}`],
    { stdio: ['ignore', 'ignore', 'pipe', source.folderFd, target.folderFd] },
  );
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 1000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  if (complaint.includes('No space left')) throw fileErrors.DISK_FULL({ path: target.path }, { errno: 'ENOSPC' });
  throw fileErrors.FILE_FAILED({ path: target.path, why: complaint.trim() || `mv ended with ${String(code)}` });
}
