import { setTimeout as delay } from 'node:timers/promises';

/**
 * Asks again and again until the answer is something.
 *
 * @param what  what is waited for, for the error's text
 * @returns the first answer that is neither undefined nor false; rejects with the question's own error, or when the time is up
 */
export async function eventually<T>(
  what: string,
  withinMs: number,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { everyMs = 20 } = {},
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > until) throw new Error(`Waited ${withinMs} ms in vain for ${what}.`);
    await delay(everyMs);
  }
}
