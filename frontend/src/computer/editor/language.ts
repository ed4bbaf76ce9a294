import type { Extension } from '@codemirror/state';
import { extensionOf } from '../files/preview-kind.ts';

/** Languages by extension, each fetched when a file of it is first opened. */
const LANGUAGES: Record<string, () => Promise<Extension>> = {
  ...each('js mjs cjs jsx', async () => (await import('@codemirror/lang-javascript')).javascript({ jsx: true })),
  ...each('ts mts cts tsx', async () =>
    (await import('@codemirror/lang-javascript')).javascript({ jsx: true, typescript: true }),
  ),
  ...each('json jsonc webmanifest ipynb', async () => (await import('@codemirror/lang-json')).json()),
  ...each('py pyi', async () => (await import('@codemirror/lang-python')).python()),
  ...each('html htm vue svg xml', async () => (await import('@codemirror/lang-html')).html()),
  ...each('css scss less', async () => (await import('@codemirror/lang-css')).css()),
  ...each('md markdown', async () => (await import('@codemirror/lang-markdown')).markdown()),
};

/** The highlighting for a file by its name; nothing for what is not known. */
export async function languageOf(name: string): Promise<Extension> {
  return (await LANGUAGES[extensionOf(name)]?.()) ?? [];
}

function each(extensions: string, load: () => Promise<Extension>): Record<string, () => Promise<Extension>> {
  return Object.fromEntries(extensions.split(' ').map((extension) => [extension, load]));
}
