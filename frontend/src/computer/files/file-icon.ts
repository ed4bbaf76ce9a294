import type { FileEntry } from '@sandpiper/protocol';
import {
  File,
  FileArchive,
  FileAudio,
  FileCode,
  FileImage,
  FileSpreadsheet,
  FileText,
  FileVideo,
  Folder,
  FolderOpen,
  Link2,
} from '@lucide/vue';
import type { Component } from 'vue';
import { extensionOf, previewKindOf } from './preview-kind.ts';

const ARCHIVES = new Set(['zip', 'gz', 'tgz', 'xz', 'bz2', '7z', 'tar']);
const PROSE = new Set(['txt', 'log', 'md', 'markdown', 'rst']);

export function iconOf(entry: Pick<FileEntry, 'name' | 'type'>, open = false): Component {
  if (entry.type === 'directory') return open ? FolderOpen : Folder;
  if (entry.type === 'symlink') return Link2;
  const extension = extensionOf(entry.name);
  if (ARCHIVES.has(extension)) return FileArchive;
  if (PROSE.has(extension)) return FileText;
  switch (previewKindOf(entry.name)) {
    case 'image':
      return FileImage;
    case 'csv':
      return FileSpreadsheet;
    case 'audio':
      return FileAudio;
    case 'video':
      return FileVideo;
    case 'pdf':
      return FileText;
    case 'none':
      return File;
    default:
      return extension === '' ? File : FileCode;
  }
}
