export { CapabilityError, type CapabilityErrorCode } from './error.ts';
export { generateKeyPair, type KeyPair } from './keys.ts';
export { ISSUERS, SCOPES, type Claims, type Issuer, type Scope } from './claims.ts';
export { createSigner, type Grant, type Signer } from './signer.ts';
export { createVerifier, type Verifier } from './verifier.ts';
