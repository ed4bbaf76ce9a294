import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import type { Rolldown } from 'vite';
import { beforeAll, describe, expect, it, vi } from 'vitest';

type Chunk = Rolldown.OutputChunk;

/** What browsers must have before they can show it: the start, and the parts that it fetches at once, each with all it imports. */
const views = {
  'the place to begin': ['AppShell.vue', 'ConversationPage.vue'],
  'an open conversation': ['AppShell.vue', 'ConversationPage.vue', 'ConversationTimeline.vue'],
  'an open conversation with its computer': [
    'AppShell.vue',
    'ConversationPage.vue',
    'ConversationTimeline.vue',
    'ComputerPanel.vue',
  ],
};

describe('the code of the UI, as it is built', () => {
  const chunks = new Map<string, Chunk>();
  beforeAll(async () => {
    // Vite goes by it, and Vue would bring along what helps developers.
    vi.stubEnv('NODE_ENV', 'production');
    const built = await build({
      configFile: path.join(import.meta.dirname, '../../vite.config.ts'),
      logLevel: 'error',
      build: { write: false },
    }).finally(() => vi.unstubAllEnvs());
    const { output } = built as Rolldown.RolldownOutput;
    for (const part of output) if (part.type === 'chunk') chunks.set(part.fileName, part);
  }, 120_000);

  function codeOf(view: keyof typeof views): Chunk[] {
    const roots = [...chunks.values()].filter(
      ({ isEntry, facadeModuleId }) => isEntry || views[view].includes(path.basename(facadeModuleId ?? '')),
    );
    // A part that was renamed must not vanish from the sum.
    expect(roots).toHaveLength(1 + views[view].length);
    const found = new Set<Chunk>();
    const visit = (chunk: Chunk): void => {
      if (found.has(chunk)) return;
      found.add(chunk);
      for (const name of chunk.imports) visit(chunks.get(name)!);
    };
    roots.forEach(visit);
    return [...found];
  }

  /** The panel comes when the conversation is painted; its limit keeps it from growing unseen. */
  it.each([
    ['the place to begin', 150],
    ['an open conversation', 200],
    ['an open conversation with its computer', 210],
  ] as const)('of %s is at most %i KB, compressed', (view, limitKb) => {
    const sizes = codeOf(view).map(({ fileName, code }) => ({ fileName, kb: gzipSync(code).length / 1000 }));
    const largest = sizes.sort((a, b) => b.kb - a.kb).map(({ fileName, kb }) => `${kb.toFixed(1)} ${fileName}`);
    const sum = sizes.reduce((total, { kb }) => total + kb, 0);
    console.log(`${view}: ${sum.toFixed(1)} KB gzip`);
    expect(sum, largest.slice(0, 8).join('\n')).toBeLessThanOrEqual(limitKb);
  });

  it('leaves the desktop, the terminal, the editor and the highlighter until they are needed', () => {
    const modules = codeOf('an open conversation with its computer').flatMap(({ moduleIds }) => moduleIds);
    expect(modules.length).toBeGreaterThan(100);
    expect(
      modules.filter((id) => /node_modules\/(@novnc|@xterm|@?codemirror|@lezer|shiki|@shikijs)\//.test(id)),
    ).toEqual([]);
  });
});
