import { z } from 'zod';

/*
 * `sessions/{id}/files/{path}`, `path` relative to the workspace, each segment percent-encoded:
 *   GET     a folder: FileListing as JSON; a file: its bytes (Range, ETag; `?download=1` for a Content-Disposition)
 *   PUT     bytes, atomically; 201 or 200 with FileEntry
 *   DELETE  204
 *   POST    FileOperation: 200 FileEntry, or an archive's bytes
 */

export const fileEntry = z.object({
  name: z.string(),
  /** Relative to the workspace, `/` between segments, no leading slash; '' is the workspace itself. */
  path: z.string(),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  sizeBytes: z.int(),
  modifiedAt: z.string(),
  mimeType: z.string().optional(),
});
export type FileEntry = z.infer<typeof fileEntry>;

export const fileListing = z.object({
  path: z.string(),
  entries: z.array(fileEntry),
  /** True when the folder holds more than what is listed. */
  truncated: z.boolean(),
});
export type FileListing = z.infer<typeof fileListing>;

export const fileOperation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('mkdir') }),
  z.strictObject({ op: z.literal('move'), to: z.string().min(1).max(4096) }),
  /** A `.tar.gz` of the folder or file. */
  z.strictObject({ op: z.literal('archive') }),
]);
export type FileOperation = z.infer<typeof fileOperation>;
