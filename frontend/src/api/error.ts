import type { ErrorEnvelope } from '@sandpiper/protocol';

/** A refused or failed request. `status` 0: there was no answer at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly envelope: ErrorEnvelope;

  constructor(status: number, envelope: ErrorEnvelope, cause?: unknown) {
    super(envelope.message, { cause });
    this.status = status;
    this.envelope = envelope;
  }

  get code(): string {
    return this.envelope.code;
  }
}

/** Reads the error envelope of a response; a proxy's error page becomes one too. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  return new ApiError(response.status, envelopeOf(text) ?? unexplained(response.status));
}

export function noAnswer(cause: unknown): ApiError {
  const message = 'Sandpiper cannot be reached.';
  return new ApiError(0, { code: 'NO_ANSWER', message, retryable: true }, cause);
}

/** What a person is told: the envelope's message, and its hint where there is one. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  const { message, hint, issues } = error.envelope;
  const fields = issues?.map((issue) => (issue.path ? `${issue.path}: ${issue.message}` : issue.message)) ?? [];
  return [message, ...fields, hint].filter(Boolean).join(' ');
}

export function envelopeOf(text: string): ErrorEnvelope | undefined {
  try {
    const body: unknown = JSON.parse(text);
    // Bare, or as `{error: …}`.
    const held = typeof body === 'object' && body !== null && 'error' in body ? body.error : body;
    return isEnvelope(held) ? held : undefined;
  } catch {
    return undefined;
  }
}

function isEnvelope(value: unknown): value is ErrorEnvelope {
  return typeof value === 'object' && value !== null && 'code' in value && 'message' in value;
}

function unexplained(status: number): ErrorEnvelope {
  return { code: 'UNEXPECTED_ANSWER', message: `The server answered ${status}.`, retryable: status >= 500 };
}
