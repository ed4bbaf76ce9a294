import type { AuthResponse, LoginRequest, RegisterRequest, User } from '@sandpiper/protocol';
import { newId } from '../ids.ts';
import type { Stores, UserRecord } from '../stores/stores.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { AttemptLimits } from './attempt-limits.ts';
import { authErrors } from './errors.ts';
import type { LoginCodes } from './login-codes.ts';
import type { Passwords } from './passwords.ts';
import type { IssuedRefreshToken, RefreshTokens } from './refresh-tokens.ts';

export interface AccountsParts {
  users: Stores['users'];
  passwords: Passwords;
  accessTokens: AccessTokens;
  refreshTokens: RefreshTokens;
  loginCodes: LoginCodes;
  limits: AttemptLimits;
  /** Whether strangers may register. */
  registration: boolean;
  now?: () => number;
}

/** What a browser gets: the answer, and the cookie that renews it. */
export interface SignIn {
  response: AuthResponse;
  refresh: IssuedRefreshToken;
}

export interface Accounts {
  /** Throws `REGISTRATION_CLOSED`, `EMAIL_TAKEN`, `TOO_MANY_ATTEMPTS`. */
  register(request: RegisterRequest, address: string): Promise<SignIn>;
  /** Throws `WRONG_CREDENTIALS`, `LOGIN_CODE_INVALID`, `TOO_MANY_ATTEMPTS`. */
  login(request: LoginRequest, address: string): Promise<SignIn>;
  /** Throws `REFRESH_INVALID`. */
  refresh(token: string | undefined): Promise<SignIn>;
  logout(token: string | undefined): Promise<void>;
  /** Undefined when the account is gone. */
  find(userId: string): Promise<User | undefined>;
}

/** The person of this machine. Nobody can register it: it is no e-mail address. */
const LOCAL = { id: 'local', email: 'local', name: 'You' };

export function createAccounts(parts: AccountsParts): Accounts {
  const { users, passwords, accessTokens, refreshTokens, loginCodes, limits } = parts;
  const timestamp = (): string => new Date((parts.now ?? Date.now)()).toISOString();

  const answer = (record: UserRecord, refresh: IssuedRefreshToken): SignIn => {
    const { token, expiresAtMs } = accessTokens.issue(record.id);
    const response = { user: publicUser(record), accessToken: token, expiresAt: new Date(expiresAtMs).toISOString() };
    return { response, refresh };
  };
  const signIn = async (record: UserRecord): Promise<SignIn> => answer(record, await refreshTokens.issue(record.id));

  const localPerson = async (): Promise<UserRecord> => {
    const held = await users.find(LOCAL.id);
    if (held) return held;
    const record: UserRecord = { ...LOCAL, kind: 'local', passwordHash: null, createdAt: timestamp() };
    await users.create(record);
    return record;
  };

  return {
    async register({ email, password, name }, address) {
      if (!parts.registration) throw authErrors.REGISTRATION_CLOSED();
      await limits.beforeRegister(address);
      const record: UserRecord = {
        id: newId('user'),
        email,
        name: name ?? email.slice(0, email.indexOf('@')),
        kind: 'account',
        passwordHash: await passwords.hash(password),
        createdAt: timestamp(),
      };
      if (!(await users.create(record))) throw authErrors.EMAIL_TAKEN();
      return signIn(record);
    },

    async login(request, address) {
      if ('code' in request) {
        await limits.beforeLogin(address);
        if (!loginCodes.redeem(request.code)) throw authErrors.LOGIN_CODE_INVALID();
        await limits.loginSucceeded(address);
        return signIn(await localPerson());
      }
      await limits.beforeLogin(address, request.email);
      const record = await users.findByEmail(request.email);
      const fits = await passwords.verify(record?.passwordHash, request.password);
      if (!record || !fits) throw authErrors.WRONG_CREDENTIALS();
      await limits.loginSucceeded(address, request.email);
      return signIn(record);
    },

    async refresh(token) {
      const next = token === undefined ? undefined : await refreshTokens.rotate(token);
      const record = next && (await users.find(next.userId));
      if (!next || !record) throw authErrors.REFRESH_INVALID();
      return answer(record, next);
    },

    async logout(token) {
      if (token !== undefined) await refreshTokens.revoke(token);
    },

    async find(userId) {
      const record = await users.find(userId);
      return record && publicUser(record);
    },
  };
}

const publicUser = ({ passwordHash: _, ...user }: UserRecord): User => user;
