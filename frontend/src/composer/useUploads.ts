import { ref } from 'vue';
import type { Attachment, FileEntry, FileListing } from '@sandpiper/protocol';
import { api, ApiError, filePath } from '../api/client.ts';

export interface Upload {
  id: number;
  name: string;
  sizeBytes: number;
  sentBytes: number;
  abort: AbortController;
}

const FOLDER = 'uploads';

export interface UploadsOptions {
  /** The session whose workspace takes the files; made when there is none yet. */
  session: () => Promise<string>;
  onDone: (file: Attachment) => void;
  onFailed: (name: string, error: unknown) => void;
}

/** Uploads files into the workspace's `uploads/`, one after the other, never over a file that is there. */
export function useUploads({ session, onDone, onFailed }: UploadsOptions) {
  const uploads = ref<Upload[]>([]);
  let lastId = 0;
  let queue = Promise.resolve();

  function add(files: Iterable<File>): void {
    for (const file of files) {
      lastId += 1;
      const upload: Upload = {
        id: lastId,
        name: file.name || 'pasted.png',
        sizeBytes: file.size,
        sentBytes: 0,
        abort: new AbortController(),
      };
      uploads.value.push(upload);
      queue = queue.then(() => run(upload.id, file));
    }
  }

  function cancel(id: number): void {
    uploads.value.find((upload) => upload.id === id)?.abort.abort();
    uploads.value = uploads.value.filter((upload) => upload.id !== id);
  }

  async function run(id: number, file: File): Promise<void> {
    const upload = uploads.value.find((held) => held.id === id);
    if (!upload) return;
    try {
      const sessionId = await session();
      const path = `${FOLDER}/${freeName(upload.name, await namesIn(sessionId))}`;
      const entry = await api.upload<FileEntry>(filePath(sessionId, path), file, {
        signal: upload.abort.signal,
        onProgress: (sentBytes) => (upload.sentBytes = sentBytes),
      });
      onDone({
        path: entry.path,
        name: upload.name,
        sizeBytes: entry.sizeBytes,
        ...(file.type ? { mimeType: file.type } : {}),
      });
    } catch (error) {
      if (!upload.abort.signal.aborted) onFailed(upload.name, error);
    } finally {
      uploads.value = uploads.value.filter((held) => held.id !== id);
    }
  }

  return { uploads, add, cancel };
}

/** `report.pdf`, then `report-2.pdf`, … Slashes cannot be part of a name. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  const clean = name.replaceAll(/[/\\]/g, '-');
  if (!taken.has(clean)) return clean;
  const [, stem = clean, extension = ''] = /^(.+?)(\.[^.]*)?$/.exec(clean) ?? [];
  let number = 2;
  while (taken.has(`${stem}-${number}${extension}`)) number += 1;
  return `${stem}-${number}${extension}`;
}

async function namesIn(sessionId: string): Promise<ReadonlySet<string>> {
  try {
    const listing = await api.request<FileListing>(filePath(sessionId, FOLDER));
    return new Set(listing.entries.map((entry) => entry.name));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return new Set();
    throw error;
  }
}
