import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAllowedEncoding } from './encodings.ts';
import { MAX_MESSAGE_BYTES, RfbViolation, ViewerFilter } from './viewer-filter.ts';

const key = Buffer.from([4, 1, 0, 0, 0, 0, 0, 0x61]);
const pointer = Buffer.from([5, 1, 0, 10, 0, 20]);
const updateRequest = Buffer.from([3, 1, 0, 0, 0, 0, 4, 0, 3, 0]);
const cutText = (text: string): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt8(6, 0);
  head.writeInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
};
const encodings = (...list: number[]): Buffer => {
  const message = Buffer.alloc(4 + 4 * list.length);
  message.writeUInt8(2, 0);
  message.writeUInt16BE(list.length, 2);
  list.forEach((encoding, index) => message.writeInt32BE(encoding, 4 + 4 * index));
  return message;
};

const run = (mayInput: boolean, chunks: Buffer[]): Buffer => {
  const filter = new ViewerFilter({ mayInput: () => mayInput });
  return Buffer.concat(chunks.flatMap((chunk) => filter.push(chunk)));
};

describe('what a watching viewer sends', () => {
  test('update requests pass, and input is dropped without closing', () => {
    expect(run(false, [Buffer.concat([updateRequest, key, pointer, cutText('secret'), updateRequest])])).toEqual(
      Buffer.concat([updateRequest, updateRequest]),
    );
  });

  test('a change of the desktop size is input', () => {
    const setDesktopSize = Buffer.from([251, 0, 4, 0, 3, 0, 1, 0, ...new Array<number>(16).fill(0)]);
    expect(run(false, [setDesktopSize])).toHaveLength(0);
    expect(run(true, [setDesktopSize])).toEqual(setDesktopSize);
  });

  test('control is asked for each message, so taking it needs no new connection', () => {
    let holder = false;
    const filter = new ViewerFilter({ mayInput: () => holder });
    expect(filter.push(key)).toEqual([]);
    holder = true;
    expect(Buffer.concat(filter.push(key))).toEqual(key);
    holder = false;
    expect(filter.push(key)).toEqual([]);
  });
});

describe('encodings', () => {
  test('unknown ones are struck from the list', () => {
    const sent = encodings(7, -316, 16, 12345, -223, -28, -250);
    expect(run(false, [sent])).toEqual(encodings(7, 16, -223, -28, -250));
  });

  test('none that changes the form of a viewer message is on the list', () => {
    // −316 makes pointer events longer; −309 allows shutdown; −305 gii; −259 audio
    for (const encoding of [-316, -309, -305, -259]) expect(isAllowedEncoding(encoding)).toBe(false);
  });
});

describe('what ends the connection', () => {
  test.each([
    ['an unknown type', Buffer.from([99])],
    ['xvp', Buffer.from([250, 0, 1, 2])],
    ['audio', Buffer.from([255, 1, 0, 0])],
    ['an endless clipboard', Buffer.from([6, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff])],
    ['an endless extended clipboard', Buffer.from([6, 0, 0, 0, 0x80, 0, 0, 0])],
    ['thousands of encodings', Buffer.from([2, 0, 0xff, 0xff])],
    ['a long fence', Buffer.from([248, 0, 0, 0, 0, 0, 0, 0, 200])],
  ])('%s', (_name, bytes) => {
    expect(() => run(true, [bytes])).toThrow(RfbViolation);
  });
});

const message = fc.oneof(
  fc.constant(key),
  fc.constant(pointer),
  fc.constant(updateRequest),
  fc.string({ maxLength: 200 }).map(cutText),
  fc.array(fc.integer({ min: -400, max: 40 }), { maxLength: 30 }).map((list) => encodings(...list)),
  fc.constant(Buffer.from([0, ...new Array<number>(19).fill(0)])),
  fc.constant(Buffer.from([150, 1, 0, 0, 0, 0, 4, 0, 3, 0])),
  fc.constant(Buffer.from([255, 0, 0, 1, 0, 0, 0, 97, 0, 0, 0, 30])),
);

const cut = (bytes: Buffer, sizes: number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return at < bytes.length ? [...chunks, bytes.subarray(at)] : chunks;
};

describe('any stream', () => {
  test('however it is cut into chunks, the same bytes pass', () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 40 })),
        fc.boolean(),
        (messages, sizes, may) => {
          const whole = Buffer.concat(messages);
          expect(run(may, cut(whole, sizes))).toEqual(run(may, [whole]));
        },
      ),
    );
  });

  test('without control no input message ever passes, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), (chunks) => {
        const filter = new ViewerFilter({ mayInput: () => false });
        const passed: Buffer[] = [];
        try {
          for (const chunk of chunks) passed.push(...filter.push(Buffer.from(chunk)));
        } catch (error) {
          expect(error).toBeInstanceOf(RfbViolation);
        }
        // What passed is again a stream of whole messages; read by a filter that allows input, none turns out to be one.
        let inputs = 0;
        new ViewerFilter({ mayInput: () => true, onInput: () => (inputs += 1) }).push(Buffer.concat(passed));
        expect(inputs).toBe(0);
      }),
      { numRuns: 2000 },
    );
  });

  test('what is held while a message is incomplete is bounded', () => {
    const filter = new ViewerFilter({ mayInput: () => true });
    const head = Buffer.from([6, 0, 0, 0, 0, 0, 0, 0]);
    head.writeInt32BE(MAX_MESSAGE_BYTES, 4);
    expect(() => filter.push(head)).toThrow(RfbViolation);
  });
});
