import { CapabilityError, type Claims, type Scope, type Verifier } from '@sandpiper/capability';
import type { IncomingMessage } from 'node:http';
import { errors } from '../errors.ts';

/** For callers whose way leads through a proxy that takes `Authorization` for itself, such as that of a Kubernetes API server. */
const OWN_HEADER = 'sandpiper-authorization';

/** Reads and checks the bearer token of a request, in our own header or the usual one. Throws UNAUTHENTICATED or SCOPE_DENIED. */
export function authenticate(verifier: Verifier, request: IncomingMessage, scopes: readonly Scope[]): Claims {
  const { [OWN_HEADER]: own, authorization } = request.headers;
  const [scheme, token, ...more] = ((Array.isArray(own) ? own[0] : own) ?? authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || !token || more.length > 0) {
    throw errors.UNAUTHENTICATED({ why: 'Send Authorization: Bearer with a token for this sandbox.' });
  }
  try {
    return verifier.verify(token, scopes);
  } catch (error) {
    if (!(error instanceof CapabilityError)) throw error;
    const refuse = error.code === 'SCOPE_DENIED' ? errors.SCOPE_DENIED : errors.UNAUTHENTICATED;
    throw refuse({ why: error.message }, { cause: error });
  }
}
