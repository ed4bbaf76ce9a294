import { Router } from 'express';
import type { Access } from '../auth/access.ts';
import { errors } from '../errors.ts';
import { setUserContentHeaders } from '../http/user-content.ts';
import type { ArtefactStore } from './artefacts.ts';

/** `sessions/{id}/artefacts/{artefactId}`: what was seen during a call. An artefact never changes. */
export function createArtefactRoutes({ access, artefacts }: { access: Access; artefacts: ArtefactStore }): Router {
  const router = Router();
  router.get('/sessions/:id/artefacts/:artefactId', async (request, response) => {
    const { id } = await access.sessionOf(request);
    const { artefactId } = request.params;
    const held = await artefacts.get(id, artefactId);
    if (!held) throw errors.ARTEFACT_NOT_FOUND({ id: artefactId.slice(0, 100) });
    setUserContentHeaders(response, { name: artefactId, attachment: false });
    response.set('Cache-Control', 'private, max-age=31536000, immutable').type(held.artefact.mimeType);
    response.send(Buffer.from(held.bytes.buffer, held.bytes.byteOffset, held.bytes.byteLength));
  });
  return router;
}
