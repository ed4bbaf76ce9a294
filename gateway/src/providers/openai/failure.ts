import { APIConnectionError, APIConnectionTimeoutError, APIError } from 'openai';
import { ProviderFailure, providerErrors } from '../errors.ts';
import type { ProviderSettings } from '../settings.ts';

/** Says in our words why a request failed, whatever the package threw: an HTTP status, an error in the stream, a lost connection. */
export function failureOf(error: unknown, provider: ProviderSettings, model: string): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  const base = { provider: provider.name, model };
  if (error instanceof APIConnectionTimeoutError || error instanceof APIConnectionError) {
    const address = new URL(provider.baseUrl).origin;
    const parameters = { ...base, address, detail: detailOf(systemCodeOf(error)) };
    return new ProviderFailure(providerErrors.PROVIDER_UNREACHABLE(parameters, { cause: error }));
  }
  if (!(error instanceof APIError)) {
    // A reset connection or half a line of JSON: the stream had begun, or the package would have said so.
    return new ProviderFailure(providerErrors.PROVIDER_STREAM_CUT(base, { cause: error }));
  }
  return fromStatus(error as APIError, provider, base);
}

function fromStatus(
  error: APIError,
  provider: ProviderSettings,
  base: { provider: string; model: string },
): ProviderFailure {
  const status = statusOf(error);
  const code = codeOf(error);
  const parameters = {
    ...base,
    detail: detailOf(messageOf(error)),
    variable: provider.keyVariable ?? 'its configuration',
  };
  const cause = { cause: error };
  if (status === 401 || status === 403) {
    const hint = provider.keyVariable
      ? `Put a valid key into ${provider.keyVariable} and start Sandpiper again.`
      : 'Name the variable that holds the key as apiKeyEnv in providers.json.';
    return new ProviderFailure(providerErrors.PROVIDER_UNAUTHORIZED(parameters, { ...cause, hint }));
  }
  if (status === 402 || code === 'insufficient_quota') {
    return new ProviderFailure(providerErrors.PROVIDER_QUOTA_EXCEEDED(parameters, cause));
  }
  if (status === 429)
    return new ProviderFailure(providerErrors.PROVIDER_RATE_LIMITED(parameters, cause), retryAfterMs(error));
  if (status === 404) return new ProviderFailure(providerErrors.PROVIDER_MODEL_UNKNOWN(parameters, cause));
  if (code === 'context_length_exceeded' || status === 413) {
    return new ProviderFailure(providerErrors.PROVIDER_CONTEXT_EXCEEDED(parameters, cause));
  }
  if (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409) {
    return new ProviderFailure(providerErrors.PROVIDER_REJECTED(parameters, cause));
  }
  return new ProviderFailure(providerErrors.PROVIDER_FAILED(parameters, cause), retryAfterMs(error));
}

/** An error that comes inside the stream has no status of its own; some providers put one into its `code`. */
function statusOf(error: APIError): number | undefined {
  if (error.status !== undefined) return error.status;
  const code = Number(error.code);
  return Number.isInteger(code) && code >= 400 && code < 600 ? code : undefined;
}

function codeOf(error: APIError): string | undefined {
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Seconds or an HTTP date, as RFC 9110 §10.2.3 has it, or the package-specific milliseconds. */
function retryAfterMs(error: APIError): number | undefined {
  const headers = error.headers;
  const ms = Number(headers?.get('retry-after-ms') ?? Number.NaN);
  if (ms >= 0) return ms;
  const text = headers?.get('retry-after');
  if (!text) return undefined;
  const seconds = Number(text);
  if (seconds >= 0) return seconds * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

function messageOf(error: APIError): string | undefined {
  const body = error.error as { message?: unknown } | undefined;
  return typeof body?.message === 'string' ? body.message : undefined;
}

function systemCodeOf(error: Error): string | undefined {
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string') return cause.code;
  }
  return undefined;
}

/** What the other side said, on one line and bounded: it goes into a sentence that a person reads. */
function detailOf(text: string | undefined): string {
  const line = text?.replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 300);
  return line ? `: ${line}` : '';
}
