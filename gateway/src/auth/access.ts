import type { User } from '@sandpiper/protocol';
import type { Request, RequestHandler } from 'express';
import { errors } from '../errors.ts';
import type { SessionRecord, SessionStore } from '../stores/stores.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { Accounts } from './accounts.ts';

/** Who asks, and whether a session is theirs: what every router of the API is given. */
export interface Access {
  /** Goes before every route that needs a signed-in person. Throws `UNAUTHENTICATED`. */
  readonly authenticate: RequestHandler;
  /** The person that `authenticate` found, and until when their token is good. */
  callerOf(request: Request): Caller;
  /** The session of the route's `:id`. Throws `SESSION_NOT_FOUND`, the same for a foreign and an unknown one. */
  sessionOf(request: Request): Promise<SessionRecord>;
  /** The same for an id from elsewhere. */
  ownSession(caller: Caller, id: string): Promise<SessionRecord>;
}

export interface Caller {
  user: User;
  tokenExpiresAtMs: number;
}

export function createAccess(parts: {
  accessTokens: AccessTokens;
  accounts: Accounts;
  sessions: SessionStore;
}): Access {
  const callers = new WeakMap<Request, Caller>();

  const callerOf = (request: Request): Caller => {
    const caller = callers.get(request);
    if (!caller) throw errors.UNAUTHENTICATED();
    return caller;
  };

  const ownSession = async ({ user }: Caller, id: string): Promise<SessionRecord> => {
    const record = await parts.sessions.find(id);
    if (record?.ownerId !== user.id) throw errors.SESSION_NOT_FOUND({ id: id.slice(0, 100) });
    return record;
  };

  return {
    async authenticate(request, _response, next) {
      const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
      const claims = token === undefined ? undefined : parts.accessTokens.verify(token);
      const user = claims && (await parts.accounts.find(claims.userId));
      if (!user) throw errors.UNAUTHENTICATED();
      callers.set(request, { user, tokenExpiresAtMs: claims.expiresAtMs });
      next();
    },
    callerOf,
    ownSession,
    sessionOf: (request) => ownSession(callerOf(request), String(request.params['id'])),
  };
}
