import { loginRequest, registerRequest } from '@sandpiper/protocol';
import { json, Router, type CookieOptions, type Request, type Response } from 'express';
import type { HostPolicy } from '../http/hosts.ts';
import { parseBody } from '../http/requests.ts';
import type { Access } from './access.ts';
import type { Accounts, SignIn } from './accounts.ts';

export interface AuthRoutesParts {
  accounts: Accounts;
  access: Access;
  hosts: HostPolicy;
  /** Set where browsers come by https only. */
  secureCookies: boolean;
}

const REFRESH_COOKIE = 'sandpiper_refresh';
const COOKIE_PATH = '/api/v1/auth';

/** `auth/*`: the one place where a cookie means anything. */
export function createAuthRoutes({ accounts, access, hosts, secureCookies }: AuthRoutesParts): Router {
  const router = Router();
  const cookie: CookieOptions = { httpOnly: true, sameSite: 'strict', secure: secureCookies, path: COOKIE_PATH };

  const send = (response: Response, status: number, { response: body, refresh }: SignIn): void => {
    response.cookie(REFRESH_COOKIE, refresh.token, { ...cookie, expires: new Date(refresh.expiresAtMs) });
    response.status(status).set('Cache-Control', 'no-store').json(body);
  };

  router.use('/auth', (request, _response, next) => {
    if (request.method !== 'GET') hosts.checkOrigin(request, { required: false });
    next();
  });
  router.use('/auth', json({ limit: '16kb' }));

  router.post('/auth/register', async (request, response) => {
    send(response, 201, await accounts.register(parseBody(request, registerRequest), addressOf(request)));
  });
  router.post('/auth/login', async (request, response) => {
    send(response, 200, await accounts.login(parseBody(request, loginRequest), addressOf(request)));
  });
  router.post('/auth/refresh', async (request, response) => {
    send(response, 200, await accounts.refresh(readCookie(request, REFRESH_COOKIE)));
  });
  router.post('/auth/logout', async (request, response) => {
    await accounts.logout(readCookie(request, REFRESH_COOKIE));
    response.clearCookie(REFRESH_COOKIE, cookie).status(204).end();
  });
  router.get('/auth/me', access.authenticate, (request, response) => {
    response.set('Cache-Control', 'no-store').json(access.callerOf(request).user);
  });
  return router;
}

const addressOf = (request: Request): string => request.ip ?? 'unknown';

function readCookie(request: Request, name: string): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}
