import { z } from 'zod';

export const user = z.object({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  /** `local`: the person of this machine, signed in by the code that `npm start` printed. */
  kind: z.enum(['local', 'account']),
  createdAt: z.string(),
});
export type User = z.infer<typeof user>;

const password = z.string().min(8, 'needs at least 8 characters').max(200);
const email = z.email('is not an e-mail address').max(254);

/** `POST auth/register` */
export const registerRequest = z.strictObject({ email, password, name: z.string().trim().min(1).max(100).optional() });
export type RegisterRequest = z.infer<typeof registerRequest>;

/** `POST auth/login`: with a password, or with the one-time code of the URL that `npm start` printed. */
export const loginRequest = z.union([
  z.strictObject({ email, password: z.string().max(200) }),
  z.strictObject({ code: z.string().min(1).max(100) }),
]);
export type LoginRequest = z.infer<typeof loginRequest>;

/**
 * Answer of register, login and refresh. The access token goes into `Authorization: Bearer`; the refresh token is an HttpOnly,
 * SameSite=Strict cookie on `/api/v1/auth`, rotated at every use, and never readable by a page.
 */
export const authResponse = z.object({ user, accessToken: z.string(), expiresAt: z.string() });
export type AuthResponse = z.infer<typeof authResponse>;
