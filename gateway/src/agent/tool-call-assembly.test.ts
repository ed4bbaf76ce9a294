import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ToolCallFragment } from '../providers/provider.ts';
import { ToolCallAssembly, parseArguments } from './tool-call-assembly.ts';

function assemble(fragments: ToolCallFragment[]) {
  const assembly = new ToolCallAssembly((place) => `call-${place}`);
  const grown = new Map<string, string>();
  for (const fragment of fragments) {
    const { call, offset } = assembly.add(fragment);
    // What a viewer has, which puts each piece at its offset, is what has been assembled.
    grown.set(call.callId, (grown.get(call.callId) ?? '').slice(0, offset) + (fragment.arguments ?? ''));
  }
  for (const { callId, argumentsText } of assembly.calls) expect(grown.get(callId)).toBe(argumentsText);
  return assembly.calls.map(({ name, argumentsText }) => ({ name, argumentsText }));
}

const call = fc.record({
  name: fc.constantFrom('shell_run', 'files_read', 'a'),
  argumentsText: fc.oneof(
    fc.constant(''),
    fc.json({ maxDepth: 2 }).map((value) => `{"v":${value}}`),
  ),
});
const calls = fc.array(call, { minLength: 1, maxLength: 4 });

function cut(text: string, sizes: number[]): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (let turn = 0; at < text.length; turn++) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? 1);
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

describe('however fragments are cut, the calls are the same', () => {
  const sizes = fc.array(fc.nat(9), { minLength: 1, maxLength: 5 });
  const later = fc.constantFrom<(name: string, id: string) => Partial<ToolCallFragment>>(
    () => ({}),
    () => ({ id: '', name: '' }),
    (name, id) => ({ id, name }),
    (_, id) => ({ id }),
  );

  test('with an index, also when parallel calls take turns', () => {
    fc.assert(
      fc.property(calls, sizes, later, fc.infiniteStream(fc.nat(3)), (wanted, cuts, repeat, order) => {
        const queues = wanted.map(({ name, argumentsText }, index) => [
          { index, id: `p${index}`, name },
          ...cut(argumentsText, cuts).map((piece) => ({ index, ...repeat(name, `p${index}`), arguments: piece })),
        ]);
        // Each call begins in its place; after that they come in any order.
        const fragments: ToolCallFragment[] = queues.map((queue) => queue.shift()!);
        while (queues.some((queue) => queue.length > 0)) {
          const open = queues.filter((queue) => queue.length > 0);
          fragments.push(open[(order.next().value as number) % open.length]!.shift()!);
        }
        expect(assemble(fragments)).toEqual(wanted);
      }),
    );
  });

  test('without an index, one call after the other, by id', () => {
    fc.assert(
      fc.property(calls, sizes, later, (wanted, cuts, repeat) => {
        const fragments = wanted.flatMap(({ name, argumentsText }, place) => [
          { id: `p${place}`, name },
          ...cut(argumentsText, cuts).map((piece) => ({ ...repeat(name, `p${place}`), arguments: piece })),
        ]);
        expect(assemble(fragments)).toEqual(wanted);
      }),
    );
  });

  test('without index and id, whole calls one after the other', () => {
    const whole = fc.array(
      call.filter(({ argumentsText }) => argumentsText !== ''),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(whole, (wanted) => {
        expect(assemble(wanted.map(({ name, argumentsText }) => ({ name, arguments: argumentsText })))).toEqual(wanted);
      }),
    );
  });
});

test('parallel calls that are all numbered 0 are told apart by their ids', () => {
  const fragments = ['x', 'y'].map((id) => ({ index: 0, id, name: 'f', arguments: `{"id":"${id}"}` }));
  expect(assemble(fragments)).toHaveLength(2);
});

test.each([
  ['', {}],
  ['  ', {}],
  ['null', {}],
  ['{"a":1}', { a: 1 }],
  ['"{\\"a\\":1}"', { a: 1 }],
])('arguments %j are read', (text, value) => {
  expect(parseArguments(text)).toEqual(value);
});

test.each(['{"a":', '[]', '3', 'nonsense', '"nonsense"'])('arguments %j are refused', (text) => {
  expect(() => parseArguments(text)).toThrow(SyntaxError);
});
