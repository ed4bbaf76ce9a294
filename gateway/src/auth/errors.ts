import { defineErrors } from '@sandpiper/protocol';

export const authErrors = defineErrors({
  WRONG_CREDENTIALS: { status: 401, message: 'E-mail address or password is wrong.' },
  LOGIN_CODE_INVALID: {
    status: 401,
    message: 'This sign-in code is unknown, used or expired.',
    hint: 'Sandpiper prints a fresh one when asked; a code signs in once.',
  },
  EMAIL_TAKEN: {
    status: 409,
    message: 'There is already an account for this e-mail address.',
    hint: 'Sign in instead.',
  },
  REGISTRATION_CLOSED: { status: 403, message: 'This installation accepts no new accounts.' },
  REFRESH_INVALID: { status: 401, message: 'The sign-in has ended. Sign in again.' },
  TOO_MANY_ATTEMPTS: { status: 429, message: 'Too many attempts; try again in {seconds} s.', retryable: true },
  SECRET_MISSING: {
    status: 500,
    message: 'SANDPIPER_SECRET is missing or shorter than 32 bytes; it signs the access tokens.',
    hint: 'Make one with: openssl rand -base64 48',
  },
});
