import { inject } from 'vitest';

/** How a run goes about it. */
export interface ChaosSettings {
  /** `short` leaves out what takes long and finds little. */
  form: 'short' | 'full';
  /** Decides every choice that is left to chance. */
  seed: number;
  /** How long faults are mixed at random. Not at all in the short form. */
  minutes: number;
}

declare module 'vitest' {
  export interface ProvidedContext {
    chaos: ChaosSettings;
  }
}

/**
 * Reads what `hack/chaos.ts` passes on. Without it, as below `npm test`, the form is short.
 *
 * @throws a RangeError that names the variable
 */
export function readChaosSettings(env: Record<string, string | undefined>): ChaosSettings {
  const form = env['SANDPIPER_CHAOS_FORM'] === 'full' ? 'full' : 'short';
  return {
    form,
    seed: numberIn(env, 'SANDPIPER_CHAOS_SEED') ?? Math.floor(Math.random() * 1e6),
    minutes: numberIn(env, 'SANDPIPER_CHAOS_MINUTES') ?? 0.5,
  };
}

/** For tests: the settings of this run. */
export const chaosSettings = (): ChaosSettings => inject('chaos');

function numberIn(env: Record<string, string | undefined>, name: string): number | undefined {
  const text = env[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be a number.`);
  return value;
}
