import { randomUUID } from 'node:crypto';
import { describeWithControlPlane } from '@sandpiper/testing/vitest';
import { describe, expect, it } from 'vitest';
import { definitions } from './definitions.ts';
import { type Answer, setUpApiServer } from './testing/api-server.ts';
import { shippedCrds } from './testing/shipped.ts';
import { type RuleRow, ruleTable } from './testing/rule-table.ts';
import { nodesOf } from './testing/walk.ts';

describe('the table of rules', () => {
  it('has a row for each rule of the CRDs, and none for another', async () => {
    const rules = (await shippedCrds()).flatMap(({ manifest }) =>
      nodesOf(manifest.spec.versions[0]!.schema.openAPIV3Schema).flatMap(({ path, schema }) =>
        (schema['x-kubernetes-validations'] ?? []).map(({ message }) => ({ of: manifest.spec.names.plural, path, message })),
      ),
    );
    const rowsOf = ({ of, path, message }: (typeof rules)[number]): RuleRow[] =>
      ruleTable.filter(
        (row) => row.resource.plural === of && row.path === path && message.includes(row.message),
      );
    expect(rules.filter((rule) => rowsOf(rule).length !== 1)).toEqual([]);
    expect(ruleTable.length).toBe(rules.length);
  });

  it.each(ruleTable.filter(({ before }) => !before))(
    'holds for zod too: $resource.kind $path, $message',
    ({ resource, accepted, refused, message, onKubernetesOnly }) => {
      const { spec } = definitions.find((definition) => definition.resource === resource)!.schema;
      expect(spec.safeParse(accepted).error?.issues).toBeUndefined();
      const issues = spec.safeParse(refused).error?.issues;
      if (onKubernetesOnly) expect(issues).toBeUndefined();
      else expect(issues).toEqual([expect.objectContaining({ message: expect.stringContaining(message) as string })]);
    },
  );
});

describeWithControlPlane('the API server, by the rules of the CRDs,', (control) => {
  const { server } = setUpApiServer(control, 'rules');

  it.each(ruleTable)('accepts and refuses: $resource.kind $path, $message', async (row) => {
    const { resource, before, accepted, refused, message } = row;
    const name = `rule-${randomUUID()}`;
    let ask = (spec: object): Promise<Answer> => server().create(resource, name, spec, { dryRun: true });
    if (before) {
      const stored = await server().create(resource, name, before);
      if (!stored.accepted) expect.unreachable(stored.message);
      ask = (spec) => server().wouldReplace(resource, stored.object, spec);
    }
    expect(await ask(accepted)).toMatchObject({ accepted: true });
    const answer = await ask(refused);
    if (answer.accepted) expect.unreachable('the refused one was accepted');
    // One broken rule is one complaint, not a list, and it says where.
    expect(answer.message).toContain(`"${name}" is invalid: ${row.path.replace('[]', '[0]')}`);
    expect(answer.message).toContain(message);
  });
});
