import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fileOperation, type FileEntry, type FileInfo, type FileListing } from '@sandpiper/protocol';
import type { Request, RequestHandler, Response } from 'express';
import type { Route } from '../group.ts';
import { signalOf } from '../http/call-signal.ts';
import { parseRequest } from '../http/failure.ts';
import { readJson } from '../http/read-json.ts';
import { writeAtomically } from './atomic-write.ts';
import { readRange } from './byte-range.ts';
import { describe, describePlace, etagOf, listFolder, openFile } from './entry.ts';
import { fileErrors } from './errors.ts';
import { withPlace, type Place } from './place.ts';
import { deleteEntry, makeFolder, moveEntry } from './tools.ts';

const MAX_LISTED = 10_000;

/**
 * Bytes of files: `/v1/files/{path}`, relative to the workspace; an absolute path starts with an encoded slash (`/v1/files/%2Ftmp%2Fx`).
 *
 * @param uploadLimitBytes  of one PUT
 */
export function createFilesRoutes({
  roots,
  uploadLimitBytes,
}: {
  roots: readonly string[];
  uploadLimitBytes: number;
}): Route[] {
  const [workspace = '/'] = roots;
  const entryOf = (info: FileInfo): FileEntry => ({ ...info, path: relativeTo(workspace, info.path) });
  const route = (method: Route['method'], summary: string, handler: RequestHandler): Route => ({
    method,
    path: '/v1/files{/*path}',
    scopes: ['files'],
    summary,
    handler,
  });

  const read: RequestHandler = async (request, response) => {
    const isStat = request.query['op'] === 'stat';
    await withPlace(roots, pathOf(request), { followLast: !isStat }, async (place) => {
      const info = await describePlace(place);
      if (isStat) response.json(entryOf(info));
      else if (info.type === 'directory')
        response.json(listing(entryOf(info).path, (await listFolder(place)).map(entryOf)));
      else await sendFile(place, request, response);
    });
  };

  const write: RequestHandler = async (request, response) => {
    // What is still coming after a refusal is thrown away: a caller cut off in mid-upload would not read the answer.
    response.once('finish', () => request.resume());
    await withPlace(roots, pathOf(request), { followLast: true, createParents: true }, async (place) => {
      const bytes = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      const { created, stats } = await writeAtomically(place, bytes, {
        limitBytes: uploadLimitBytes,
        check: (existing) => {
          const expected = request.get('if-match');
          const isExpected = expected === undefined || (existing !== undefined && etagOf(existing) === expected);
          if (!isExpected) throw fileErrors.FILE_CHANGED({ path: place.path });
          if (existing && request.get('if-none-match') === '*') throw fileErrors.FILE_EXISTS({ path: place.path });
        },
      });
      response.setHeader('etag', etagOf(stats));
      response.status(created ? 201 : 200).json(entryOf(describe(stats, place.path)));
    });
  };

  const remove: RequestHandler = async (request, response) => {
    await deleteEntry(roots, pathOf(request), true);
    response.status(204).end();
  };

  const operate: RequestHandler = async (request, response) => {
    const body = await readJson(request, 16_384);
    const { op } = request.query;
    const operation = parseRequest(fileOperation, typeof op === 'string' ? { op, ...(body as object) } : body);
    const path = pathOf(request);
    if (operation.op === 'archive') {
      await withPlace(roots, path, { followLast: true }, (place) => sendArchive(place, response));
      return;
    }
    const done =
      operation.op === 'mkdir'
        ? (await makeFolder(roots, path)).path
        : (await moveEntry(roots, path, operation.to, false)).to;
    response.json(entryOf(await withPlace(roots, done, { followLast: false }, describePlace)));
  };

  return [
    route('head', 'Size and ETag of a file', read),
    route('get', 'A file (Range, ETag), a folder as JSON, or with op=stat its entry', read),
    route('put', 'Writes a file atomically (If-Match, If-None-Match: *)', write),
    route('delete', 'Deletes a file, or a folder with all it holds', remove),
    route('post', 'mkdir, move, or archive (a .tar.gz)', operate),
  ];
}

function pathOf(request: Request): string {
  const segments: unknown = request.params['path'];
  return (Array.isArray(segments) && segments.join('/')) || '.';
}

function relativeTo(workspace: string, path: string): string {
  if (path === workspace) return '';
  return path.startsWith(`${workspace}/`) ? path.slice(workspace.length + 1) : path;
}

function listing(path: string, entries: FileEntry[]): FileListing {
  return { path, entries: entries.slice(0, MAX_LISTED), truncated: entries.length > MAX_LISTED };
}

async function sendFile(place: Place, request: Request, response: Response): Promise<void> {
  const { handle, stats } = await openFile(place);
  try {
    const etag = etagOf(stats);
    response.setHeader('etag', etag);
    response.setHeader('last-modified', stats.mtime.toUTCString());
    response.setHeader('accept-ranges', 'bytes');
    response.setHeader('content-type', 'application/octet-stream');
    response.setHeader('x-content-type-options', 'nosniff');
    if (request.get('if-none-match') === etag) {
      response.status(304).end();
      return;
    }
    // A part of another version would be worse than the whole of this one (RFC 9110 §13.1.5).
    const isSameVersion = (request.get('if-range') ?? etag) === etag;
    const range = isSameVersion ? readRange(request.get('range'), stats.size) : 'whole';
    if (range === 'unsatisfiable') {
      response.setHeader('content-range', `bytes */${stats.size.toString()}`);
      throw fileErrors.RANGE_NOT_SATISFIABLE({ path: place.path, sizeBytes: stats.size });
    }
    const { start, end } = range === 'whole' ? { start: 0, end: stats.size } : range;
    if (range !== 'whole') {
      response
        .status(206)
        .setHeader('content-range', `bytes ${start.toString()}-${(end - 1).toString()}/${stats.size.toString()}`);
    }
    response.setHeader('content-length', end - start);
    if (request.method === 'HEAD' || end === start) {
      response.end();
      return;
    }
    // A file that shrinks meanwhile ends early: the cut connection tells the caller, by the length that was announced.
    const bytes = handle.createReadStream({ start, end: end - 1, autoClose: false, highWaterMark: 256 * 1024 });
    await pipeline(bytes, response).catch(() => response.destroy());
  } finally {
    await handle.close();
  }
}

/** Streams a `.tar.gz`; tar runs in the folder that is held open, and does not follow symlinks. */
async function sendArchive(place: Place, response: Response): Promise<void> {
  await lstat(place.self);
  const name = place.leaf ?? '.';
  const child = spawn('tar', ['-czf', '-', '--warning=no-file-changed', '--', name === '.' ? '.' : `./${name}`], {
    cwd: place.folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    signal: signalOf(response),
    killSignal: 'SIGKILL',
  });
  // An abort is reported as an error too; either way the pipe ends and the exit code says the rest.
  child.on('error', () => undefined);
  const exited = once(child, 'close') as Promise<[number | null]>;
  response.setHeader('content-type', 'application/gzip');
  await pipeline(child.stdout, response, { end: false }).catch(() => undefined);
  const [code] = await exited;
  // 1: something changed while it was read. Worse: the archive is not whole, which only a cut connection can tell now.
  if (code === 0 || code === 1) response.end();
  else response.destroy();
}
