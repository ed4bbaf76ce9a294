import { randomBytes } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const LENGTH = 20;

/**
 * A random id such as `session-k3v…`: lower-case letters, digits and dashes only, so that it is a DNS label and a label value, and a
 * Sandbox can be named after its session. 100 bits.
 */
export function newId(kind: string): string {
  const letters = Array.from(randomBytes(LENGTH), (byte) => ALPHABET.charAt(byte & 31));
  return `${kind}-${letters.join('')}`;
}
