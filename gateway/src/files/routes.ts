import path from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileBytes, InstanceClient } from '@sandpiper/instance';
import { CodedError, fileOperation, type FileListing } from '@sandpiper/protocol';
import { json, Router, type Request, type Response } from 'express';
import type { Access } from '../auth/access.ts';
import type { Computers } from '../computers/computers.ts';
import { parseBody } from '../http/requests.ts';
import { contentDisposition, setUserContentHeaders } from '../http/user-content.ts';
import { checkTarget, workspacePathOf } from './workspace-path.ts';

const ROUTE = '/sessions/:id/files{/*path}';

/**
 * `sessions/{id}/files/{path}`: the workspace, straight from the sandbox and back. Bytes are streamed, never held; what they are is
 * judged by the name alone, and none of it runs as part of this site.
 */
export function createFileRoutes({ access, computers }: { access: Access; computers: Computers }): Router {
  const router = Router();

  const connect = async (request: Request, signal: AbortSignal): Promise<InstanceClient> => {
    const { id } = await access.sessionOf(request);
    return computers.connect(id, { need: 'tools', signal });
  };
  /** Once more when the sandbox went to rest between connecting and asking: connecting again wakes it. */
  const ask = async <T>(
    request: Request,
    signal: AbortSignal,
    work: (client: InstanceClient) => Promise<T>,
  ): Promise<T> => {
    try {
      return await work(await connect(request, signal));
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'SUSPENDING') throw error;
      return work(await connect(request, signal));
    }
  };

  router.get(ROUTE, async (request, response) => {
    const file = workspacePathOf(request);
    const signal = goneSignal(response);
    const found = await ask(request, signal, (client) => readOrList(client, file, request, signal));
    if ('entries' in found) response.set('Cache-Control', 'no-store').json(found);
    else await sendFile(request, response, path.posix.basename(file), found);
  });

  router.put(ROUTE, async (request, response) => {
    const file = workspacePathOf(request);
    const signal = goneSignal(response);
    // A body can be read only once, so there is no second try here.
    const client = await connect(request, signal);
    const { created, entry, etag } = await client.writeFile(file, request, {
      signal,
      ifMatch: request.get('If-Match'),
      createOnly: request.get('If-None-Match') === '*',
    });
    if (etag !== undefined) response.set('ETag', etag);
    response.status(created ? 201 : 200).json(entry);
  });

  router.delete(ROUTE, async (request, response) => {
    const file = workspacePathOf(request);
    const signal = goneSignal(response);
    await ask(request, signal, (client) => client.deleteFile(file, { signal }));
    response.status(204).end();
  });

  router.post(ROUTE, json({ limit: '16kb' }), async (request, response) => {
    const file = workspacePathOf(request);
    const operation = parseBody(request, fileOperation);
    const signal = goneSignal(response);
    if (operation.op === 'archive') {
      const archive = await ask(request, signal, (client) => client.archiveFiles(file, { signal }));
      const name = `${path.posix.basename(file) || 'workspace'}.tar.gz`;
      response.set({ 'Content-Type': 'application/gzip', 'Content-Disposition': contentDisposition(name, true) });
      await send(archive, response);
      return;
    }
    if (operation.op === 'move') checkTarget(operation.to);
    response.json(await ask(request, signal, (client) => client.fileOp(file, operation, { signal })));
  });

  return router;
}

async function readOrList(
  client: InstanceClient,
  file: string,
  request: Request,
  signal: AbortSignal,
): Promise<FileBytes | FileListing> {
  if (file === '') return client.listFiles(file, { signal });
  try {
    return await client.readFile(file, {
      signal,
      headersOnly: request.method === 'HEAD',
      range: request.get('Range'),
      ifRange: request.get('If-Range'),
      ifNoneMatch: request.get('If-None-Match'),
    });
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'NOT_A_FILE') throw error;
    return client.listFiles(file, { signal });
  }
}

async function sendFile(request: Request, response: Response, name: string, bytes: FileBytes): Promise<void> {
  setUserContentHeaders(response, { name, attachment: request.query['download'] === '1' });
  response.status(bytes.status).type(path.posix.extname(name) || 'application/octet-stream');
  // `no-cache`: a browser may keep it, and asks with its ETag every time.
  response.set({ 'Accept-Ranges': 'bytes', 'Cache-Control': 'private, no-cache' });
  if (bytes.etag !== undefined) response.set('ETag', bytes.etag);
  if (bytes.lastModified !== undefined) response.set('Last-Modified', bytes.lastModified);
  if (bytes.contentRange !== undefined) response.set('Content-Range', bytes.contentRange);
  if (bytes.sizeBytes !== undefined && bytes.status !== 304) response.set('Content-Length', String(bytes.sizeBytes));
  if (request.method === 'HEAD' || bytes.status === 304) {
    bytes.body.destroy();
    response.end();
    return;
  }
  await send(bytes.body, response);
}

/** A cut connection is the only way to tell, after the headers, that not all of it came. */
async function send(bytes: Readable, response: Response): Promise<void> {
  try {
    await pipeline(bytes, response);
  } catch {
    response.destroy();
  }
}

/** Fires when the browser has gone, so that the sandbox stops too. */
function goneSignal(response: Response): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort(new Error('The client has gone.'));
  });
  return gone.signal;
}
