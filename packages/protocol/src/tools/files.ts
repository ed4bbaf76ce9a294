import { z } from 'zod';
import { defineToolContract } from './tool.ts';

const filePath = z
  .string()
  .min(1)
  .max(4096)
  .describe('Relative to the workspace, or absolute inside the workspace or /tmp.');

/** What a path leads to. A symlink is reported as itself in listings. */
export const fileInfo = z.object({
  /** Absolute, as the agent sees it. */
  path: z.string(),
  name: z.string(),
  type: z.enum(['file', 'directory', 'symlink', 'other']),
  sizeBytes: z.int(),
  modifiedAt: z.string(),
});
export type FileInfo = z.infer<typeof fileInfo>;

const offset = z.int().min(0).default(0);

export const filesList = defineToolContract({
  name: 'files_list',
  title: 'List a folder',
  description: 'Lists a folder, folders first, then by name. Page with offset and limit.',
  input: z.strictObject({
    path: filePath.default('.'),
    offset,
    limit: z.int().min(1).max(5000).default(500),
    includeHidden: z.boolean().default(true),
  }),
  output: z.object({ path: z.string(), entries: z.array(fileInfo), total: z.int(), nextOffset: z.int().optional() }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});

export const filesRead = defineToolContract({
  name: 'files_read',
  title: 'Read a file',
  description:
    'Reads a text file by lines: up to limit lines from startLine (the first is 1). Very long lines are cut. Refuses binary files.',
  input: z.strictObject({
    path: filePath,
    startLine: z.int().min(1).default(1),
    limit: z.int().min(1).max(10_000).default(2000),
    numbered: z.boolean().default(false).describe('Put the line number and a tab before each line.'),
  }),
  output: z.object({
    path: z.string(),
    text: z.string(),
    startLine: z.int(),
    /** The last line in `text`; `startLine - 1` when there is none. */
    endLine: z.int(),
    /** Absent when the file is so long that counting was given up. */
    totalLines: z.int().optional(),
    /** Go on reading here. */
    nextLine: z.int().optional(),
    sizeBytes: z.int(),
  }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});

export const filesWrite = defineToolContract({
  name: 'files_write',
  title: 'Write a file',
  description:
    'Writes a whole text file, replacing what was there; missing folders are made. To change a part use files_edit.',
  input: z.strictObject({ path: filePath, content: z.string().max(8_000_000) }),
  output: z.object({ path: z.string(), sizeBytes: z.int(), created: z.boolean() }),
  annotations: { destructiveHint: true, idempotentHint: true },
  runsIn: 'sandbox',
});

export const filesEdit = defineToolContract({
  name: 'files_edit',
  title: 'Edit a file',
  description:
    'Replaces an exact piece of text in a file. oldText must occur exactly once (give more context to make it unique), unless replaceAll is set.',
  input: z.strictObject({
    path: filePath,
    oldText: z.string().min(1).max(1_000_000),
    newText: z.string().max(1_000_000),
    replaceAll: z.boolean().default(false),
  }),
  output: z.object({
    path: z.string(),
    replacements: z.int(),
    sizeBytes: z.int(),
    /** Line of the first replacement. */
    line: z.int(),
  }),
  annotations: { destructiveHint: true },
  runsIn: 'sandbox',
});

export const filesMove = defineToolContract({
  name: 'files_move',
  title: 'Move or rename',
  description: 'Moves or renames a file or folder; missing folders of the target are made.',
  input: z.strictObject({
    from: filePath,
    to: filePath,
    overwrite: z.boolean().default(false).describe('Replace a file that is already there.'),
  }),
  output: z.object({ from: z.string(), to: z.string() }),
  annotations: { destructiveHint: true },
  runsIn: 'sandbox',
});

export const filesDelete = defineToolContract({
  name: 'files_delete',
  title: 'Delete',
  description: 'Deletes a file, or a folder with all it holds when recursive is set. A symlink goes, not its target.',
  input: z.strictObject({ path: filePath, recursive: z.boolean().default(false) }),
  output: z.object({ path: z.string() }),
  annotations: { destructiveHint: true },
  runsIn: 'sandbox',
});

export const filesMkdir = defineToolContract({
  name: 'files_mkdir',
  title: 'Make a folder',
  description: 'Makes a folder and those above it that are missing; no error when it is there already.',
  input: z.strictObject({ path: filePath }),
  output: z.object({ path: z.string(), created: z.boolean() }),
  annotations: { idempotentHint: true },
  runsIn: 'sandbox',
});

export const filesGlob = defineToolContract({
  name: 'files_glob',
  title: 'Find files',
  description:
    'Finds files by a pattern such as "**/*.ts", sorted by path. Skips .git and, unless includeIgnored, folders that .gitignore names.',
  input: z.strictObject({
    pattern: z.string().min(1).max(1000),
    path: filePath.default('.'),
    includeIgnored: z.boolean().default(false),
    offset,
    limit: z.int().min(1).max(5000).default(200),
  }),
  output: z.object({ path: z.string(), files: z.array(z.string()), nextOffset: z.int().optional() }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});

export const filesGrep = defineToolContract({
  name: 'files_grep',
  title: 'Search in files',
  description:
    'Searches text files by a regular expression (ripgrep syntax), sorted by path. Page with offset and limit, counted in matching lines.',
  input: z.strictObject({
    pattern: z.string().min(1).max(1000),
    path: filePath.default('.'),
    glob: z.string().min(1).max(1000).optional().describe('Only files that fit, such as "*.py".'),
    ignoreCase: z.boolean().default(false),
    literal: z.boolean().default(false).describe('Take the pattern as plain text.'),
    contextLines: z.int().min(0).max(20).default(0),
    includeIgnored: z.boolean().default(false),
    offset,
    limit: z.int().min(1).max(1000).default(100),
  }),
  output: z.object({
    path: z.string(),
    /** `text` is cut at 500 characters. `isMatch` is false for lines of context. */
    lines: z.array(z.object({ file: z.string(), line: z.int(), text: z.string(), isMatch: z.boolean() })),
    matches: z.int(),
    nextOffset: z.int().optional(),
  }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});
