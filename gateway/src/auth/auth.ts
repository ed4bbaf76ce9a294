import type { Router } from 'express';
import type { HostPolicy } from '../http/hosts.ts';
import type { Stores } from '../stores/stores.ts';
import { createAccess, type Access } from './access.ts';
import type { AccessTokens } from './access-tokens.ts';
import { createAccounts } from './accounts.ts';
import { createAttemptLimits } from './attempt-limits.ts';
import { createLoginCodes, type LoginCodes } from './login-codes.ts';
import { createPasswords } from './passwords.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { createAuthRoutes } from './routes.ts';

export interface AuthParts {
  stores: Pick<Stores, 'users' | 'refreshTokens' | 'sessions'>;
  hosts: HostPolicy;
  accessTokens: AccessTokens;
  registration: boolean;
  secure: boolean;
}

export interface Auth {
  access: Access;
  loginCodes: LoginCodes;
  /** `/auth/*` */
  router: Router;
}

/** Puts accounts, tokens and codes together. */
export function createAuth({ stores, hosts, accessTokens, registration, secure }: AuthParts): Auth {
  const loginCodes = createLoginCodes();
  const accounts = createAccounts({
    users: stores.users,
    passwords: createPasswords(),
    accessTokens,
    refreshTokens: createRefreshTokens(stores.refreshTokens),
    loginCodes,
    limits: createAttemptLimits(),
    registration,
  });
  const access = createAccess({ accessTokens, accounts, sessions: stores.sessions });
  return { access, loginCodes, router: createAuthRoutes({ accounts, access, hosts, secureCookies: secure }) };
}
