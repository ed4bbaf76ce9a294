import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { authErrors } from './errors.ts';

export interface AttemptLimits {
  /**
   * Throws `TOO_MANY_ATTEMPTS` when this address, or this account from anywhere, has failed too often. Codes have no account: they
   * cannot be guessed, and nobody shall be able to use them up for the person of this machine.
   */
  beforeLogin(address: string, account?: string): Promise<void>;
  loginSucceeded(address: string, account?: string): Promise<void>;
  beforeRegister(address: string): Promise<void>;
}

const LOGINS_PER_ADDRESS = { points: 30, duration: 5 * 60 };
const LOGINS_PER_ACCOUNT = { points: 20, duration: 15 * 60 };
const ACCOUNTS_PER_ADDRESS = { points: 30, duration: 3600 };

export function createAttemptLimits(): AttemptLimits {
  const perAddress = new RateLimiterMemory(LOGINS_PER_ADDRESS);
  const perAccount = new RateLimiterMemory(LOGINS_PER_ACCOUNT);
  const registrations = new RateLimiterMemory(ACCOUNTS_PER_ADDRESS);
  return {
    async beforeLogin(address, account) {
      // Counted before the password is looked at, so that many at once cannot slip past.
      await consume(perAddress, address);
      if (account !== undefined) await consume(perAccount, account.toLowerCase());
    },
    async loginSucceeded(address, account) {
      await perAddress.reward(address, 1);
      if (account !== undefined) await perAccount.delete(account.toLowerCase());
    },
    beforeRegister: (address) => consume(registrations, address),
  };
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw authErrors.TOO_MANY_ATTEMPTS({ seconds: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) });
  }
}
