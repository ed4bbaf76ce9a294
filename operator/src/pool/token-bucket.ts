/** How fast instances may be started: some at once, then so many a second. */
export interface Pace {
  burst: number;
  perSecond: number;
}

/** What is left of a pace at a moment, ms of any clock. */
export interface Bucket {
  tokens: number;
  at: number;
}

export function fullBucket({ burst }: Pace, now: number): Bucket {
  return { tokens: burst, at: now };
}

/** The bucket as it is now, refilled since it was last looked at. A clock that was set back refills nothing. */
export function refilled({ tokens, at }: Bucket, { burst, perSecond }: Pace, now: number): Bucket {
  return { tokens: Math.min(burst, tokens + (Math.max(0, now - at) / 1000) * perSecond), at: now };
}

/** How long until there is a whole token, ms. */
export function untilNextToken({ tokens }: Bucket, { perSecond }: Pace): number {
  return tokens >= 1 ? 0 : Math.ceil(((1 - tokens) / perSecond) * 1000);
}
