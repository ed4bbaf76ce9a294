import { computed, ref, shallowRef, watch } from 'vue';
import type { ComputedRef, Ref, ShallowRef } from 'vue';
import { useDebounceFn } from '@vueuse/core';
import type { FileEntry } from '@sandpiper/protocol';
import { useI18n } from 'vue-i18n';
import { sentenceOf } from '../../api/client.ts';
import { useToasts } from '../../design/useToasts.ts';
import { remembered } from '../../session/usePanel.ts';
import { archiveFolder, deleteFile, listFolder, makeFolder, moveFile, readFile } from './files-api.ts';
import { ancestorsOf, isWithin, join, nameOf, parentOf } from './paths.ts';
import { saveBlob } from './save-blob.ts';
import {
  emptyTree,
  foldersToRefresh,
  rowsOf,
  withFailure,
  withListing,
  withLoading,
  withOpen,
  withoutFolder,
} from './tree.ts';
import type { Tree, TreeRow } from './tree.ts';

export interface Files {
  rows: ComputedRef<TreeRow[]>;
  showHidden: Ref<boolean>;
  selected: Readonly<Ref<string | null>>;
  select(path: string): void;
  /** The selected entry, when it is (still) listed. */
  entry: ComputedRef<FileEntry | undefined>;
  /** Where new things go: the selected folder, or the folder of the selected file. */
  folder: ComputedRef<string>;
  /** Why the workspace itself could not be listed. */
  problem: Readonly<ShallowRef<unknown>>;
  namesIn(folder: string): string[];
  toggle(path: string, open: boolean): void;
  load(path: string): Promise<void>;
  refresh(): Promise<void>;
  /** Opens the folders on the way to a file and selects it. */
  reveal(path: string): Promise<void>;
  rename(entry: FileEntry, name: string): Promise<void>;
  createFolder(folder: string, name: string): Promise<void>;
  remove(entry: FileEntry): void;
  download(entry: FileEntry): Promise<void>;
}

/** The workspace of one session as a tree, and what can be done with it. */
export function useFiles(sessionId: string, options: { active: Ref<boolean>; touches: Ref<number> }): Files {
  const { t } = useI18n();
  const toasts = useToasts();
  const tree = shallowRef<Tree>(emptyTree);
  const removed = ref<ReadonlySet<string>>(new Set());
  const showHidden = remembered('files.hidden', false, (held) => (typeof held === 'boolean' ? held : undefined));
  const selected = ref<string | null>(null);
  const problem = shallowRef<unknown>(null);
  let stale = true;

  const rows = computed(() => rowsOf(tree.value, { showHidden: showHidden.value, without: removed.value }));
  const entryAt = (path: string): FileEntry | undefined =>
    tree.value.folders.get(parentOf(path))?.entries.find((entry) => entry.path === path);
  const entry = computed(() => (selected.value === null ? undefined : entryAt(selected.value)));
  const folder = computed(() => {
    if (!entry.value) return '';
    return entry.value.type === 'directory' ? entry.value.path : parentOf(entry.value.path);
  });

  async function load(path: string): Promise<void> {
    tree.value = withLoading(tree.value, path);
    try {
      const { entries, truncated } = await listFolder(sessionId, path);
      tree.value = withListing(tree.value, path, entries, truncated);
      if (path === '') problem.value = null;
    } catch (error) {
      tree.value = withFailure(tree.value, path);
      if (path === '') problem.value = error;
    }
  }

  async function refresh(): Promise<void> {
    stale = false;
    // Outermost first: an inner folder that is gone must not be asked for.
    for (const path of foldersToRefresh(tree.value)) {
      if (path === '' || entryAt(path)) await load(path);
    }
  }

  const refreshSoon = useDebounceFn(() => (options.active.value ? refresh() : undefined), 300);
  watch(options.touches, () => {
    stale = true;
    void refreshSoon();
  });
  watch(
    options.active,
    (active) => {
      if (active && stale) void refresh();
    },
    { immediate: true },
  );

  function toggle(path: string, open: boolean): void {
    tree.value = withOpen(tree.value, path, open);
    if (open && tree.value.folders.get(path)?.status !== 'loaded') void load(path);
  }

  async function reveal(path: string): Promise<void> {
    for (const ancestor of ancestorsOf(path)) {
      tree.value = withOpen(tree.value, ancestor, true);
      const known = tree.value.folders.get(ancestor);
      const next = ancestorsOf(path).find((other) => other !== '' && parentOf(other) === ancestor) ?? path;
      if (known?.status !== 'loaded' || !entryAt(next)) await load(ancestor);
    }
    if (nameOf(path).startsWith('.')) showHidden.value = true;
    selected.value = path;
  }

  async function attempt(task: () => Promise<unknown>): Promise<void> {
    try {
      await task();
    } catch (error) {
      toasts.show({ text: sentenceOf(error), tone: 'danger' });
    }
  }

  return {
    rows,
    showHidden,
    selected,
    select: (path) => (selected.value = path),
    entry,
    folder,
    problem,
    namesIn: (path) => tree.value.folders.get(path)?.entries.map(({ name }) => name) ?? [],
    toggle,
    load,
    refresh,
    reveal,

    rename: (from, name) =>
      attempt(async () => {
        const to = join(parentOf(from.path), name);
        await moveFile(sessionId, from.path, to);
        tree.value = withoutFolder(tree.value, from.path);
        await load(parentOf(from.path));
        if (selected.value !== null && isWithin(selected.value, from.path)) selected.value = to;
      }),

    createFolder: (into, name) =>
      attempt(async () => {
        const path = join(into, name);
        await makeFolder(sessionId, path);
        await load(into);
        toggle(into, true);
        selected.value = path;
      }),

    remove(entryToRemove) {
      const { path, name } = entryToRemove;
      removed.value = new Set([...removed.value, path]);
      if (selected.value !== null && isWithin(selected.value, path)) selected.value = null;
      const show = (): void => {
        removed.value = new Set([...removed.value].filter((hidden) => hidden !== path));
      };
      toasts.undoable({
        text: t('computer.files.deleted', { name }),
        undoLabel: t('app.undo'),
        undo: show,
        commit: () =>
          void attempt(async () => {
            await deleteFile(sessionId, path);
            await load(parentOf(path));
          }).finally(show),
      });
    },

    download: (wanted) =>
      attempt(async () => {
        if (wanted.type === 'directory')
          saveBlob(await archiveFolder(sessionId, wanted.path), `${wanted.name || 'workspace'}.tar.gz`);
        else saveBlob((await readFile(sessionId, wanted.path)).blob, wanted.name);
      }),
  };
}
