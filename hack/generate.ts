import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { root } from './build-if-stale.ts';
import { crdFiles } from './crds/files.ts';

/*
 * npm run generate: writes every file that is made from sources and kept in the repository, where it is not what it should
 * be. Tests beside the generators fail when one was forgotten.
 */

/** All generated files: path from the top of the repository, and text. */
function generatedFiles(): Map<string, string> {
  return new Map([...crdFiles()]);
}

for (const [file, text] of generatedFiles()) {
  const target = path.join(root, file);
  const before = await readFile(target, 'utf8').catch(() => undefined);
  if (before === text) continue;
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(target, text);
  console.log(`${before === undefined ? 'made' : 'renewed'} ${file}`);
}
