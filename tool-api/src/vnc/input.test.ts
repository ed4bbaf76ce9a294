import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasInput } from './input.ts';

const bytes = (...parts: number[][]): Buffer => Buffer.from(parts.flat());
const zeros = (length: number): number[] => new Array<number>(length).fill(0);
const updateRequest = [3, ...zeros(9)];
const key = [4, 1, 0, 0, 0, 0, 0, 0x61];
const pointer = [5, 1, 0, 10, 0, 20];

describe('input among what a viewer says', () => {
  it.each([
    ['a key', bytes(key)],
    ['the pointer', bytes(pointer)],
    ['an extended key', bytes([255, 0, ...zeros(10)])],
    ['a key behind other messages', bytes([0, ...zeros(19)], [2, 0, 0, 1, 0, 0, 0, 7], updateRequest, key)],
    ['the pointer behind a fence', bytes([248, 0, 0, 0, 0, 0, 0, 0, 2, 9, 9], [150, ...zeros(9)], pointer)],
  ])('is %s', (_name, chunk) => expect(hasInput(chunk)).toBe(true));

  it.each([
    ['nothing', bytes()],
    ['the greeting', Buffer.from('RFB 003.008\n')],
    ['ClientInit', bytes([1])],
    ['requests for pixels', bytes(updateRequest, updateRequest)],
    ['a list of encodings that holds the numbers of input', bytes([2, 0, 0, 1, 4, 4, 5, 5], updateRequest)],
    ['a fence whose payload looks like a key', bytes([248, 0, 0, 0, 0, 0, 0, 0, 8], key)],
    ['a cut message', bytes([2, 0])],
  ])('is not %s', (_name, chunk) => expect(hasInput(chunk)).toBe(false));

  it('is found or not, in any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (chunk) => {
        expect(typeof hasInput(Buffer.from(chunk))).toBe('boolean');
      }),
    );
  });
});
