import { Router } from 'express';
import { openApiDocument, type OpenApiDocument } from './openapi.ts';
import { referencePage } from './reference-page.ts';

/** `/docs` and `/openapi.json`, each made when it is first asked for. */
export function createDocsRoutes(version: string): Router {
  const router = Router();
  let document: OpenApiDocument | undefined;
  let page: string | undefined;
  router.get('/openapi.json', (_request, response) => {
    response.set('Cache-Control', 'no-cache').json((document ??= openApiDocument(version)));
  });
  router.get('/docs', (_request, response) => {
    response
      .set('Cache-Control', 'no-cache')
      .type('html')
      .send((page ??= referencePage(version)));
  });
  return router;
}
