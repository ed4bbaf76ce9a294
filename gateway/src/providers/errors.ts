import { defineErrors } from '@sandpiper/protocol';
import type { CodedError } from '@sandpiper/protocol';

/** Why a model did not answer. Each names the provider, and what the person can do. */
export const providerErrors = defineErrors({
  PROVIDERS_INVALID: { status: 500, message: '{file}: {path}: {problem}' },
  MODEL_NOT_AVAILABLE: {
    status: 400,
    message: 'The model {model} of {provider} is not configured here.',
    hint: 'Choose another model for this conversation.',
  },
  PROVIDER_UNAUTHORIZED: { status: 502, message: '{provider} refused the API key in {variable}{detail}.' },
  PROVIDER_KEY_MISSING: { status: 502, message: '{provider} needs an API key: the variable {variable} is not set.' },
  PROVIDER_QUOTA_EXCEEDED: {
    status: 502,
    message: '{provider} says that the account has no credit left{detail}.',
    hint: 'Add credit with the provider, or choose another model.',
  },
  PROVIDER_RATE_LIMITED: {
    status: 502,
    message: '{provider} limits how often it may be asked{detail}.',
    retryable: true,
    hint: 'Wait a little and send your message again, or choose another model.',
  },
  PROVIDER_MODEL_UNKNOWN: {
    status: 502,
    message: '{provider} does not know the model {model}{detail}.',
    hint: 'Choose another model for this conversation.',
  },
  PROVIDER_CONTEXT_EXCEEDED: {
    status: 502,
    message: 'The conversation is too long for the model {model} of {provider}{detail}.',
    hint: 'Start a new conversation, or choose a model with a longer context.',
  },
  PROVIDER_REJECTED: { status: 502, message: '{provider} rejected the request{detail}.' },
  PROVIDER_FAILED: {
    status: 502,
    message: '{provider} failed{detail}.',
    retryable: true,
    hint: 'This is on the provider’s side: try again later, or choose another model.',
  },
  PROVIDER_UNREACHABLE: {
    status: 502,
    message: '{provider} cannot be reached at {address}{detail}.',
    retryable: true,
    hint: 'Check the network and the base URL, then send your message again.',
  },
  PROVIDER_TIMEOUT: {
    status: 504,
    message: '{provider} sent nothing for {seconds} s.',
    retryable: true,
    hint: 'Try again later, or choose another model.',
  },
  PROVIDER_STREAM_CUT: {
    status: 502,
    message: 'The answer of {provider} broke off before its end.',
    retryable: true,
    hint: 'Send your message again to go on.',
  },
  PROVIDER_EMPTY_ANSWER: {
    status: 502,
    message: 'The model {model} of {provider} answered with nothing.',
    retryable: true,
    hint: 'Send your message again, or choose another model.',
  },
});

/** Thrown by providers: the coded error, and how long the provider asked us to wait before the next try. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly error: CodedError;
  readonly retryAfterMs: number | undefined;

  constructor(error: CodedError, retryAfterMs?: number) {
    super(error.message, { cause: error });
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}
