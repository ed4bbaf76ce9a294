/** `TOKEN_INVALID` covers all that is wrong with a token itself, so that an attacker learns nothing from the difference. */
export type CapabilityErrorCode = 'TOKEN_INVALID' | 'TOKEN_EXPIRED' | 'SCOPE_DENIED';

/** A token was refused. The message is for logs and callers alike: it holds nothing of the token. */
export class CapabilityError extends Error {
  override readonly name = 'CapabilityError';
  readonly code: CapabilityErrorCode;

  constructor(code: CapabilityErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
