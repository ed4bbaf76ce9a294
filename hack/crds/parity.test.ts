import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definitions } from './definitions.ts';
import { type Resource, setUpApiServer } from './testing/api-server.ts';
import { shippedCrds } from './testing/shipped.ts';
import { type FieldRow, fieldTable, leastSpec } from './testing/field-table.ts';
import { nodesOf } from './testing/walk.ts';

/*
 * One host stores what zod makes of a resource, a cluster what the API server makes of it. Whoever reads it must not be able
 * to tell: both accept the same, and fill in the same.
 */

describe('the table of fields', () => {
  it('has a row for every field of a spec', async () => {
    for (const { manifest } of await shippedCrds()) {
      const { openAPIV3Schema } = manifest.spec.versions[0]!.schema;
      const fields = nodesOf(openAPIV3Schema.properties!['spec']!).filter(({ schema }) => !schema.properties);
      const rows = fieldTable.filter(({ resource }) => resource.kind === manifest.spec.names.kind);
      const missing = fields.filter(({ path }) => !rows.some((row) => path.startsWith(row.path)));
      expect(missing.map(({ path }) => path)).toEqual([]);
    }
  });
});

describeWithControlPlane('API server and zod', (control) => {
  const { server } = setUpApiServer(control, 'parity');

  const agree = async (resource: Resource, spec: object | undefined): Promise<void> => {
    const byServer = await server().create(resource, 'parity', spec, { dryRun: true });
    const byZod = zodOf(resource).safeParse(spec);
    const because = byServer.accepted ? byZod.error?.message : byServer.message;
    expect(byZod.success, `${JSON.stringify(spec)}: ${because}`).toBe(byServer.accepted);
    if (byServer.accepted) expect(byZod.data).toEqual(byServer.object.spec);
  };

  it.each(fieldTable)('agree on each value of $resource.kind $path', async ({ resource, path, values }) => {
    for (const value of values) await agree(resource, specWith(resource, [[path, value]]));
  });

  it.each(definitions)('fill in the same for the least that a $resource.kind may say', async ({ resource }) => {
    await agree(resource, leastSpec[resource.kind]);
    for (const path of ['lifetime', 'restart', 'display', 'network', 'workspace', 'defaults', 'refill', 'templateRef']) {
      await agree(resource, specWith(resource, [[path, {}]]));
    }
  });

  it('need no spec for a Sandbox', () => agree(definitions[0]!.resource, undefined));

  it.each(definitions)('agree on combinations of what is good alone: $resource.kind', async ({ resource }) => {
    const good = fieldTable.filter((row) => row.resource === resource).map(goodValues);
    const choice = fc.tuple(...good.map(({ path, values }) => fc.option(fc.constantFrom(...values), { freq: 2 }).map((value) => [path, value] as const)));
    await fc.assert(
      fc.asyncProperty(choice, async (fields) => {
        const chosen = fields.filter(([, value]) => value !== null);
        await agree(resource, specWith(resource, chosen));
      }),
      { numRuns: 100 },
    );
  }, 60_000);
});

function zodOf(resource: Resource) {
  return definitions.find((definition) => definition.resource === resource)!.schema.spec;
}

function goodValues({ resource, path, values }: FieldRow): { path: string; values: unknown[] } {
  const good = values.filter((value) => zodOf(resource).safeParse(specWith(resource, [[path, value]])).success);
  return { path, values: good.length > 0 ? good : [null] };
}

/** The least spec with these fields set, by path. */
function specWith(resource: Resource, fields: readonly (readonly [string, unknown])[]): object {
  const spec = structuredClone(leastSpec[resource.kind]) as Record<string, unknown>;
  for (const [path, value] of fields) {
    const steps = path.split('.');
    const last = steps.pop()!;
    let at = spec;
    for (const step of steps) at = (at[step] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return spec;
}
