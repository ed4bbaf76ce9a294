import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { structuralSchema } from './structural.ts';

describe('a structural schema', () => {
  it('leaves out what a CRD may not say, and keeps the unknown fields of loose objects', () => {
    expect(structuralSchema(z.strictObject({ known: z.string() }))).toEqual({
      type: 'object',
      required: ['known'],
      properties: { known: { type: 'string' } },
    });
    expect(structuralSchema(z.looseObject({ known: z.string() }))).toMatchObject({
      'x-kubernetes-preserve-unknown-fields': true,
    });
    expect(structuralSchema(z.record(z.string(), z.boolean()))).toEqual({
      type: 'object',
      additionalProperties: { type: 'boolean' },
    });
  });

  it('says how large a whole number gets, and whether a bound belongs to a range', () => {
    expect(structuralSchema(z.int().min(0))).toEqual({ type: 'integer', format: 'int64', minimum: 0 });
    expect(structuralSchema(z.int().min(0).max(9))).toMatchObject({ format: 'int32', minimum: 0, maximum: 9 });
    expect(structuralSchema(z.number().gt(0))).toEqual({ type: 'number', minimum: 0, exclusiveMinimum: true });
  });

  it('gives an object its default with those of its fields, before which the API server judges it', () => {
    const inner = z.strictObject({ one: z.int().default(1), two: z.int().exactOptional() }).prefault({});
    expect(structuralSchema(z.strictObject({ inner }).prefault({}))).toMatchObject({
      default: { inner: { one: 1 } },
      properties: { inner: { default: { one: 1 } } },
    });
  });

  it.each<[string, z.ZodType]>([
    ['a choice of types', z.union([z.string(), z.int()])],
    ['anything', z.unknown()],
    ['a word that no CRD knows', z.string().meta({ examples: ['a'] })],
  ])('refuses %s, in a field, by its path', (_what, field) => {
    expect(() => structuralSchema(z.strictObject({ outer: z.strictObject({ field }) }))).toThrow('.outer.field');
  });
});
