import { ref } from 'vue';
import type { Ref } from 'vue';
import { sentenceOf } from '../../api/client.ts';
import { uploadFile } from './files-api.ts';
import { join } from './paths.ts';
import { freeName } from './tree.ts';

export interface Upload {
  id: number;
  name: string;
  sentBytes: number;
  sizeBytes: number;
  /** Why it failed; null while it runs. */
  problem: string | null;
  cancel: () => void;
}

export interface Uploads {
  list: Readonly<Ref<readonly Upload[]>>;
  /** Uploads files into a folder, one after the other, under names that are free there. */
  add(files: readonly File[], folder: string, taken: readonly string[]): Promise<void>;
  dismiss(id: number): void;
}

/** Uploads with progress. Those that failed stay until they are dismissed. */
export function useUploads(sessionId: string, onDone: (folder: string) => void): Uploads {
  const list = ref<readonly Upload[]>([]);
  let lastId = 0;

  const change = (id: number, changes: Partial<Upload>): void => {
    list.value = list.value.map((upload) => (upload.id === id ? { ...upload, ...changes } : upload));
  };
  const dismiss = (id: number): void => {
    list.value = list.value.filter((upload) => upload.id !== id);
  };

  async function add(files: readonly File[], folder: string, taken: readonly string[]): Promise<void> {
    const names = new Set(taken);
    const queue = files.map((file) => {
      const name = freeName(file.name, names);
      names.add(name);
      const controller = new AbortController();
      lastId += 1;
      const upload: Upload = {
        id: lastId,
        name,
        sentBytes: 0,
        sizeBytes: file.size,
        problem: null,
        cancel: () => controller.abort(),
      };
      return { file, upload, signal: controller.signal };
    });
    list.value = [...list.value, ...queue.map(({ upload }) => upload)];
    for (const { file, upload, signal } of queue) {
      if (isCancelled(signal)) {
        dismiss(upload.id);
        continue;
      }
      try {
        await uploadFile(sessionId, join(folder, upload.name), file, {
          onProgress: (sentBytes) => change(upload.id, { sentBytes }),
          signal,
        });
        dismiss(upload.id);
      } catch (error) {
        if (isCancelled(signal)) dismiss(upload.id);
        else change(upload.id, { problem: sentenceOf(error) });
      }
    }
    onDone(folder);
  }

  return { list, add, dismiss };
}

/** Read anew after an await: a person may have cancelled meanwhile. */
const isCancelled = (signal: AbortSignal): boolean => signal.aborted;
