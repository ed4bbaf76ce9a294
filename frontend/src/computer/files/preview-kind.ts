import type { FileEntry } from '@sandpiper/protocol';

/** How a file is shown. `none`: only its facts and a download. */
export type PreviewKind = 'code' | 'markdown' | 'csv' | 'html' | 'image' | 'pdf' | 'audio' | 'video' | 'none';

const MIB = 1024 * 1024;

/** Larger files are not loaded into the page for a look; they can be downloaded. */
const LIMIT_BYTES: Record<PreviewKind, number> = {
  code: 2 * MIB,
  markdown: 2 * MIB,
  csv: 4 * MIB,
  html: 4 * MIB,
  image: 30 * MIB,
  pdf: 50 * MIB,
  audio: 50 * MIB,
  video: 100 * MIB,
  none: 0,
};

const BY_EXTENSION: Record<string, PreviewKind> = {
  md: 'markdown',
  markdown: 'markdown',
  csv: 'csv',
  tsv: 'csv',
  html: 'html',
  htm: 'html',
  png: 'image',
  jpg: 'image',
  jpeg: 'image',
  gif: 'image',
  webp: 'image',
  avif: 'image',
  bmp: 'image',
  ico: 'image',
  svg: 'image',
  pdf: 'pdf',
  mp3: 'audio',
  wav: 'audio',
  ogg: 'audio',
  m4a: 'audio',
  flac: 'audio',
  mp4: 'video',
  webm: 'video',
  mov: 'video',
  zip: 'none',
  gz: 'none',
  tgz: 'none',
  xz: 'none',
  bz2: 'none',
  '7z': 'none',
  tar: 'none',
  exe: 'none',
  so: 'none',
  docx: 'none',
  xlsx: 'none',
  pptx: 'none',
  odt: 'none',
  ods: 'none',
  woff: 'none',
  woff2: 'none',
  ttf: 'none',
  sqlite: 'none',
};

/** Content types are chosen here and never taken from the sandbox, so that no file can pass for another kind. */
const MEDIA_TYPE: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
  svg: 'image/svg+xml',
  pdf: 'application/pdf',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
  ogg: 'audio/ogg',
  m4a: 'audio/mp4',
  flac: 'audio/flac',
  mp4: 'video/mp4',
  webm: 'video/webm',
  mov: 'video/quicktime',
};

export const extensionOf = (name: string): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** The preview for a file by its name; what is unknown is tried as text, and shown as such if it is. */
export function previewKindOf(name: string): PreviewKind {
  return BY_EXTENSION[extensionOf(name)] ?? 'code';
}

export const isTooLarge = (entry: Pick<FileEntry, 'name' | 'sizeBytes'>): boolean =>
  entry.sizeBytes > LIMIT_BYTES[previewKindOf(entry.name)];

export const mediaTypeOf = (name: string): string => MEDIA_TYPE[extensionOf(name)] ?? 'application/octet-stream';

/** The text of a file, or undefined when it is none: it holds NUL, or is not UTF-8. */
export function decodeText(bytes: ArrayBuffer): string | undefined {
  if (new Uint8Array(bytes, 0, Math.min(8192, bytes.byteLength)).includes(0)) return undefined;
  try {
    // Kept, or saving an edited file would drop it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
