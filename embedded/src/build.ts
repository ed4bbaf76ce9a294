import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import path from 'node:path';

/**
 * In a checkout: builds the UI and the sandbox runtime where their sources changed. In a process of its own, so that the bundlers'
 * memory is gone when the program runs.
 *
 * @throws Error when the build failed; its output was shown
 */
export async function buildIfCheckout(root: string, print: (line: string) => void): Promise<void> {
  const script = path.join(root, 'hack/build.ts');
  const isCheckout = await access(script).then(
    () => true,
    () => false,
  );
  if (!isCheckout) return;
  // Quick when nothing is stale; a line appears only when there is something to wait for.
  const notice = setTimeout(() => print('Building the UI (about ten seconds, once) …'), 1500);
  const code = await new Promise<number>((resolve) => {
    const child = spawn(process.execPath, [script], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', () => resolve(127));
    child.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
  clearTimeout(notice);
  if (code !== 0) throw new Error(`the build failed (exit ${code}); its messages are above.`);
}
