import type { Readable } from 'node:stream';
import { fileEntry, fileListing, type FileEntry, type FileListing } from '@sandpiper/protocol';
import { instanceErrors } from './errors.ts';
import type { Answer, SendOptions, Transport } from './transport.ts';

export interface CallOptions {
  signal?: AbortSignal;
}

/** The bytes of a file, or of a range of it. */
export interface FileBytes {
  /** 206 for a range; 304 when `ifNoneMatch` was the current one: then the body is empty. */
  status: 200 | 206 | 304;
  /** Of what is sent; undefined where the sandbox did not say. */
  sizeBytes: number | undefined;
  /** `bytes 0-9/100`. */
  contentRange: string | undefined;
  etag: string | undefined;
  lastModified: string | undefined;
  /** To be read to its end or destroyed. */
  body: Readable;
}

export interface ReadFileOptions extends CallOptions {
  /** Only the headers. */
  headersOnly?: boolean;
  /** A Range header. */
  range?: string | undefined;
  ifRange?: string | undefined;
  ifNoneMatch?: string | undefined;
}

export interface WriteFileOptions extends CallOptions {
  /** Only over this version; else FILE_CHANGED. */
  ifMatch?: string | undefined;
  /** Only where there is none; else FILE_EXISTS. */
  createOnly?: boolean;
}

/** Files of the sandbox; paths are relative to its workspace, or absolute below `/tmp`. Errors carry the sandbox's code. */
export interface InstanceFiles {
  listFiles(path: string, options?: CallOptions): Promise<FileListing>;
  statFile(path: string, options?: CallOptions): Promise<FileEntry>;
  readFile(path: string, options?: ReadFileOptions): Promise<FileBytes>;
  /** Streams a whole file there; it appears when it is complete, or not at all. */
  writeFile(
    path: string,
    content: Readable,
    options?: WriteFileOptions,
  ): Promise<{ created: boolean; entry: FileEntry; etag: string | undefined }>;
  /** A folder goes with all it holds. */
  deleteFile(path: string, options?: CallOptions): Promise<void>;
  fileOp(
    path: string,
    operation: { op: 'mkdir' } | { op: 'move'; to: string },
    options?: CallOptions,
  ): Promise<FileEntry>;
  /** A `.tar.gz` of a file or folder. */
  archiveFiles(path: string, options?: CallOptions): Promise<Readable>;
}

const TIMEOUT_MS = 60_000;
/** What tool-api sends files as, whatever they hold. */
const BYTES = 'application/octet-stream';

export function createInstanceFiles(transport: Transport): InstanceFiles {
  const request = (method: SendOptions['method'], path: string, options: CallOptions = {}): SendOptions => ({
    method,
    path: `/v1/files/${encodePath(path)}`,
    scope: 'files',
    signal: options.signal,
    timeoutMs: TIMEOUT_MS,
  });

  return {
    async listFiles(path, options) {
      const listing = await transport.sendJson(fileListing, {
        ...request('GET', path, options),
        onAnswer: (answer) => {
          if (answer.header('content-type') !== BYTES) return;
          answer.body.destroy();
          throw instanceErrors.NOT_A_FOLDER({ path });
        },
      });
      return { ...listing, entries: listing.entries.filter(hasSaneName).map(sanitised) };
    },
    async statFile(path, options) {
      const send = request('GET', path, options);
      return sanitised(await transport.sendJson(fileEntry, { ...send, path: `${send.path}?op=stat` }));
    },
    async readFile(path, { headersOnly = false, range, ifRange, ifNoneMatch, ...options } = {}) {
      const headers = definedOnly({ range, 'if-range': ifRange, 'if-none-match': ifNoneMatch });
      const answer = await transport.send({ ...request(headersOnly ? 'HEAD' : 'GET', path, options), headers });
      const isFile = answer.status === 304 || answer.header('content-type') === BYTES;
      if (!isFile) {
        answer.body.destroy();
        throw instanceErrors.NOT_A_FILE({ path });
      }
      return toFileBytes(answer);
    },
    async writeFile(path, content, { ifMatch, createOnly = false, ...options } = {}) {
      const headers = definedOnly({ 'if-match': ifMatch, 'if-none-match': createOnly ? '*' : undefined });
      let created = false;
      let etag: string | undefined;
      const entry = await transport.sendJson(fileEntry, {
        ...request('PUT', path, options),
        headers,
        body: content,
        onAnswer: (answer) => {
          created = answer.status === 201;
          etag = saneHeader(answer, 'etag', ETAG);
        },
      });
      return { created, entry: sanitised(entry), etag };
    },
    async deleteFile(path, options) {
      const answer = await transport.send(request('DELETE', path, options));
      answer.body.resume();
    },
    async fileOp(path, operation, options) {
      return sanitised(await transport.sendJson(fileEntry, { ...request('POST', path, options), body: operation }));
    },
    async archiveFiles(path, options) {
      const answer = await transport.send({ ...request('POST', path, options), body: { op: 'archive' } });
      return answer.body;
    },
  };
}

/** Each segment encoded, with the slash that begins an absolute path, so that nobody on the way takes it for another path. */
function encodePath(path: string): string {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return encoded.startsWith('/') ? `%2F${encoded.slice(1)}` : encoded;
}

const ETAG = /^"[\x21\x23-\x7e]{1,128}"$/;
const CONTENT_RANGE = /^bytes \d{1,16}-\d{1,16}\/\d{1,16}$/;
const HTTP_DATE = /^[\w,: ]{1,40}$/;

function toFileBytes(answer: Answer): FileBytes {
  const { status } = answer;
  const size = Number(answer.header('content-length') ?? NaN);
  return {
    status: status === 206 || status === 304 ? status : 200,
    sizeBytes: Number.isSafeInteger(size) ? size : undefined,
    contentRange: saneHeader(answer, 'content-range', CONTENT_RANGE),
    etag: saneHeader(answer, 'etag', ETAG),
    lastModified: saneHeader(answer, 'last-modified', HTTP_DATE),
    body: answer.body,
  };
}

/** Headers may be passed on to a browser: only what looks as it should. */
function saneHeader(answer: Answer, name: string, pattern: RegExp): string | undefined {
  const value = answer.header(name);
  return value !== undefined && pattern.test(value) ? value : undefined;
}

/** A name must be one segment: it becomes part of paths and of download names. */
function hasSaneName({ name, path }: FileEntry): boolean {
  const isSegment = name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name);
  return isSegment && (path === name || path.endsWith(`/${name}`));
}

/** Control characters, and those that turn the direction of writing, would let a name show as another. The path stays as it is. */
function sanitised(entry: FileEntry): FileEntry {
  return { ...entry, name: entry.name.replaceAll(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u200e\u200f]/gu, '\ufffd') };
}

function definedOnly(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
