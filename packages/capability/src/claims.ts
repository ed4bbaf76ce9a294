/** Who may sign. Each has keys of its own, so that a stolen operator key opens no shell. */
export const ISSUERS = ['gateway', 'manager', 'operator'] as const;
export type Issuer = (typeof ISSUERS)[number];

/** What a token is good for; a route names the ones it accepts. */
export const SCOPES = ['tools', 'files', 'view', 'control', 'session', 'lifecycle'] as const;
export type Scope = (typeof SCOPES)[number];

export interface Claims {
  issuer: Issuer;
  /** The sandbox instance that the token is for. */
  uid: string;
  scopes: readonly Scope[];
  /** On whose behalf the issuer asks, where it says so. */
  subject: string | undefined;
  /** Epoch ms. */
  expiresAtMs: number;
}

export const TOKEN_LIFETIME_S = 5 * 60;
/** How far the clocks of issuer and sandbox may be apart. */
export const LEEWAY_S = 60;

/** What an issuer can grant at most, whatever its token says: the sandbox does not trust an operator with a shell. */
export function grantableScopes(issuer: Issuer): readonly Scope[] {
  return issuer === 'gateway' ? SCOPES : ['lifecycle'];
}

export function audienceOf(uid: string): string {
  return `sandbox:${uid}`;
}

export function isIssuer(value: unknown): value is Issuer {
  return ISSUERS.includes(value as Issuer);
}

export function isScope(value: unknown): value is Scope {
  return SCOPES.includes(value as Scope);
}
