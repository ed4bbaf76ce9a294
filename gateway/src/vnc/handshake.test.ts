import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServerHandshake, ViewerHandshake } from './handshake.ts';
import { RfbViolation } from './viewer-filter.ts';

const version = Buffer.from('RFB 003.008\n');

describe('towards the viewer', () => {
  test('offers no authentication, and hands over what follows ClientInit', () => {
    const handshake = new ViewerHandshake();
    const step = handshake.push(Buffer.concat([version, Buffer.from([1, 0, 9, 9])]));
    expect(step).toEqual({ reply: Buffer.from([1, 1, 0, 0, 0, 0]), done: true, rest: Buffer.from([9, 9]) });
  });

  test.each([
    ['another version', Buffer.from('RFB 003.003\n')],
    ['a type that was not offered', Buffer.concat([version, Buffer.from([2])])],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n')],
  ])('refuses %s', (_name, bytes) => {
    expect(() => new ViewerHandshake().push(bytes)).toThrow(RfbViolation);
  });
});

describe('towards the desktop', () => {
  test('always asks to share', () => {
    const handshake = new ServerHandshake();
    expect(handshake.push(version).reply).toEqual(version);
    expect(handshake.push(Buffer.from([2, 2, 1])).reply).toEqual(Buffer.from([1]));
    expect(handshake.push(Buffer.from([0, 0, 0, 0, 7]))).toEqual({
      reply: Buffer.from([1]),
      done: true,
      rest: Buffer.from([7]),
    });
  });

  test('a desktop that wants a password is refused, so the viewer is never asked for one', () => {
    const handshake = new ServerHandshake();
    handshake.push(version);
    expect(() => handshake.push(Buffer.from([1, 2]))).toThrow(/password/);
  });

  test('any bytes end in progress or in a violation, with bounded memory', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 5 }), (chunks) => {
        for (const side of [new ServerHandshake(), new ViewerHandshake()]) {
          try {
            for (const chunk of chunks) if (side.push(Buffer.from(chunk)).done) break;
          } catch (error) {
            expect(error).toBeInstanceOf(RfbViolation);
          }
        }
      }),
    );
  });
});
