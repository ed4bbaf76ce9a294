import { KubeError } from '@sandpiper/kube';
import { SandboxError } from '../errors.ts';

const QUOTA_RETRY_MS = 30_000;

/**
 * What the API server refuses, in the words of `Sandboxes`: `SANDBOXES_UNAVAILABLE` where it does not answer or has too
 * much to do, `SANDBOX_CAPACITY` for a quota, `SANDBOX_INVALID` for what it finds wrong, `SANDBOX_FAILED` for what an
 * administrator must mend. Whatever is no answer of an API server stays what it is.
 */
export function asSandboxError(error: unknown): Error {
  if (!(error instanceof KubeError)) return error instanceof Error ? error : new Error(String(error));
  const { status, message } = error;
  const cause = { cause: error };
  if (isQuota(error)) {
    const text = `The quota of sandboxes is used up: ${message}`;
    return new SandboxError('SANDBOX_CAPACITY', text, { ...cause, retryAfterMs: QUOTA_RETRY_MS });
  }
  if (status === 400 || status === 422) return new SandboxError('SANDBOX_INVALID', message, cause);
  if (status === 403) return new SandboxError('SANDBOX_FAILED', `Kubernetes refuses: ${message}`, cause);
  if (status === 404) {
    // A sandbox that is not there is no failed call; what else may be missing is the namespace or the resource.
    const text = `Kubernetes does not know this namespace, or lacks the resources of Sandpiper: ${message}`;
    return new SandboxError('SANDBOX_FAILED', text, cause);
  }
  const retryAfter = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  const what = status === 0 || status === 429 ? 'does not answer at present' : 'has trouble';
  const text = `The API server of Kubernetes ${what}; sandboxes that run go on. ${message}`;
  return new SandboxError('SANDBOXES_UNAVAILABLE', text, { ...cause, ...retryAfter });
}

/**
 * Whether a refusal may be that of an API server that has just started: it serves before it has read the roles (403) and
 * the resource definitions (404), and refuses by what it does not know yet.
 */
export function isSaidWhileStarting(error: unknown): boolean {
  if (!(error instanceof KubeError) || isQuota(error)) return false;
  return error.status === 403 || error.status === 404;
}

function isQuota({ status, message }: KubeError): boolean {
  return status === 403 && message.includes('exceeded quota');
}
