import type { Condition } from '@sandpiper/api';

/** The most that is kept of what others say, in characters. */
const LONGEST = 4096;

/**
 * The words of somebody else for a condition: those that it carries already when only numbers are new in them. A scheduler
 * counts its nodes anew with every attempt; a write for each would tell nobody anything.
 */
export function steadyWords(before: Condition | undefined, reason: string, message: string): string {
  const words = message.slice(0, LONGEST);
  const says = before?.reason === reason && wordsOnly(before.message) === wordsOnly(words);
  return says ? before.message : words;
}

function wordsOnly(text: string): string {
  return text.replaceAll(/\d+/g, '0');
}
