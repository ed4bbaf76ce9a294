import type { FileEntry, FileListing } from '@sandpiper/protocol';
import { api, filePath } from '../../api/client.ts';

/* The workspace through the gateway. All reject with ApiError. */

export const listFolder = (sessionId: string, path: string): Promise<FileListing> =>
  api.request(filePath(sessionId, path));

/** The file's bytes as they are, and its version for a guarded save. */
export async function readFile(
  sessionId: string,
  path: string,
  signal?: AbortSignal,
): Promise<{ blob: Blob; etag: string | null }> {
  const response = await api.fetch(`${filePath(sessionId, path)}?download=1`, signal ? { signal } : {});
  return { blob: await response.blob(), etag: response.headers.get('etag') };
}

/** Replaces a file; with `etag` only if it is still that version. */
export async function writeFile(
  sessionId: string,
  path: string,
  text: string,
  etag: string | null,
): Promise<string | null> {
  const response = await api.fetch(filePath(sessionId, path), {
    method: 'PUT',
    body: text,
    headers: { 'content-type': 'application/octet-stream', ...(etag === null ? {} : { 'if-match': etag }) },
  });
  return response.headers.get('etag');
}

export const uploadFile = (
  sessionId: string,
  path: string,
  bytes: Blob,
  options: { onProgress: (sentBytes: number) => void; signal: AbortSignal },
): Promise<FileEntry> => api.upload(filePath(sessionId, path), bytes, options);

/** `leaving`: the request outlives the page. */
export const deleteFile = (sessionId: string, path: string): Promise<undefined> =>
  api.request(filePath(sessionId, path), { method: 'DELETE', keepalive: true });

export const moveFile = (sessionId: string, path: string, to: string): Promise<FileEntry> =>
  api.request(filePath(sessionId, path), { method: 'POST', json: { op: 'move', to } });

export const makeFolder = (sessionId: string, path: string): Promise<FileEntry> =>
  api.request(filePath(sessionId, path), { method: 'POST', json: { op: 'mkdir' } });

/** A `.tar.gz` of a folder. */
export async function archiveFolder(sessionId: string, path: string): Promise<Blob> {
  const response = await api.fetch(filePath(sessionId, path), { method: 'POST', json: { op: 'archive' } });
  return response.blob();
}
