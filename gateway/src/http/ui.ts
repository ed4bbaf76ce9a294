import { existsSync } from 'node:fs';
import path from 'node:path';
import express, { Router } from 'express';

/** Vite puts what has a hash in its name here. */
const HASHED = `${path.sep}assets${path.sep}`;

/** The built pages. Every address that is none of ours and no file is a view of the app, so it gets `index.html`. */
export function createUiRoutes(uiDir: string): Router {
  const router = Router();
  const index = path.join(uiDir, 'index.html');
  router.use(
    express.static(uiDir, {
      index: false,
      redirect: false,
      setHeaders(response, file) {
        const isHashed = file.startsWith(uiDir + HASHED);
        response.setHeader('Cache-Control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    }),
  );
  router.get('/{*view}', (request, response, next) => {
    // A missing script must not become a page, which the browser would then fail to parse.
    const isView = request.accepts(['html', 'json']) === 'html' && path.extname(request.path) === '';
    if (!isView || isReserved(request.path) || !existsSync(index)) {
      next();
      return;
    }
    response.set('Cache-Control', 'no-cache').sendFile(index);
  });
  return router;
}

const isReserved = (pathname: string): boolean => /^\/(api|ws|docs)(\/|$)/.test(pathname);
