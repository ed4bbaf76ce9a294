import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineErrors, issuesOf, loginRequest } from './index.ts';

const issues = (schema: z.ZodType, value: unknown): { path: string; message: string }[] =>
  issuesOf(schema.safeParse(value).error ?? new z.ZodError([]));

test('a refused field is named by its dotted path', () => {
  expect(issues(z.object({ items: z.array(z.object({ name: z.string() })) }), { items: [{ name: 1 }] })).toMatchObject([
    { path: 'items.0.name' },
  ]);
});

test('every unknown field is named, also inside of others', () => {
  const schema = z.strictObject({ a: z.strictObject({}) });
  expect(issues(schema, { a: { x: 1, y: 2 }, z: 3 }).map(({ path }) => path)).toEqual(['a.x', 'a.y', 'z']);
});

test('of a union the alternative that was probably meant is explained', () => {
  expect(issues(loginRequest, { email: 'me@example.org' })).toMatchObject([{ path: 'password' }]);
});

test('an error names its parameters, and keeps those it was not given', () => {
  const errors = defineErrors({ GONE: { status: 404, message: 'There is no {kind} {id}.', hint: 'Look again.' } });
  expect(errors.GONE({ kind: 'session' }).toEnvelope()).toEqual({
    code: 'GONE',
    message: 'There is no session {id}.',
    retryable: false,
    hint: 'Look again.',
  });
});
