import { sandboxTemplates } from '../../operator/src/resources.ts';
import type { Run } from './run.ts';
import { makeTemplate, type TemplateName } from './templates.ts';

/** Something that happens to a sandbox, during which an operator may end at any moment. */
export interface Scenario {
  name: string;
  /** Brings the namespace to where it begins. */
  prepare(run: Run): Promise<void>;
  /** What happens. */
  act(run: Run): Promise<void>;
  /** What happens once nobody works any more, and before somebody else does. */
  meanwhile?(run: Run): Promise<void>;
  /** Writes that it takes at least, so that a scenario in which nothing happens is noticed. */
  leastWrites: number;
  /** Played in the short form as well. */
  isEssential?: boolean;
}

/** Whoever was moved out of the way starts again at once if it had run for this long, by the operator's clock. */
const RAN_LONG_MS = 31_000;

export const scenarios: readonly Scenario[] = [
  ...(['scratch', 'disk', 'kept'] as const).map((template) => ({
    name: `a cold start from the template ${template}`,
    prepare: (run: Run) => makeTemplate(run, template),
    act: (run: Run) => run.sandbox('one', { templateRef: { name: template }, poolPolicy: 'Never' }),
    leastWrites: template === 'scratch' ? 2 : 3,
  })),
  ...(['scratch', 'disk', 'kept'] as const).map((template) => ({
    name: `a warm start from the template ${template}`,
    prepare: (run: Run) => warmUp(run, template),
    act: (run: Run) => run.sandbox('one', { templateRef: { name: template }, poolPolicy: 'Require' }),
    // Pod, claim and status; the pod and the claim that fill the pool again.
    leastWrites: template === 'scratch' ? 3 : 5,
    isEssential: template !== 'scratch',
  })),
  {
    name: 'a suspension in the midst of a warm start',
    prepare: (run) => warmUp(run, 'disk'),
    act: (run) => run.sandbox('one', { templateRef: { name: 'disk' }, poolPolicy: 'Require' }),
    meanwhile: (run) => run.suspend('one'),
    leastWrites: 5,
  },
  {
    name: 'a pool that is made anew from a changed template',
    async prepare(run) {
      await makeTemplate(run, 'disk');
      await run.cluster.pool('warm', { templateRef: { name: 'disk' }, replicas: 2, updateStrategy: 'Recreate' });
    },
    async act(run) {
      await run.cluster.client.patch(
        sandboxTemplates,
        { namespace: run.cluster.namespace, name: 'disk' },
        {
          type: 'json',
          body: [{ op: 'replace', path: '/spec/podTemplate/spec/containers/0/image', value: 'sandbox:2' }],
        },
      );
    },
    leastWrites: 6,
  },
  {
    name: 'a suspension that somebody asks for',
    prepare: (run) => running(run, 'disk'),
    act: (run) => run.suspend('one'),
    leastWrites: 2,
  },
  {
    name: 'a suspension for idleness',
    prepare: (run) => running(run, 'kept'),
    async act(run) {
      run.wishes.set('one', 'suspended');
      run.world.sleepers.letIdle(await run.published('one'));
    },
    leastWrites: 2,
    isEssential: true,
  },
  {
    name: 'a wake that comes while it falls asleep',
    prepare: (run) => running(run, 'disk'),
    async act(run) {
      run.wishes.set('one', 'suspended');
      run.world.sleepers.letIdle(await run.published('one'));
    },
    meanwhile: (run) => run.wake('one'),
    leastWrites: 2,
    isEssential: true,
  },
  {
    name: 'a wake',
    async prepare(run) {
      await running(run, 'disk');
      await run.suspend('one');
      await run.settled(20_000);
    },
    act: (run) => run.wake('one'),
    leastWrites: 2,
  },
  {
    name: 'a node that throws an instance out',
    prepare: (run) => running(run, 'disk'),
    async act(run) {
      run.clockAheadMs = RAN_LONG_MS;
      const pod = (await run.cluster.get('one'))?.status?.endpoint?.pod ?? '';
      run.world.kubelet.evict({ namespace: run.cluster.namespace, name: pod });
    },
    leastWrites: 3,
    isEssential: true,
  },
  {
    name: 'the end of an idle sandbox',
    async prepare(run) {
      await makeTemplate(run, 'disk');
      await run.sandbox('one', { templateRef: { name: 'disk' }, lifetime: { idlePolicy: 'Delete' } });
      await run.world.collecting();
    },
    async act(run) {
      const uid = await run.published('one');
      run.wishes.set('one', 'gone');
      run.world.sleepers.letIdle(uid);
    },
    leastWrites: 1,
  },
  {
    name: 'the deletion of a sandbox whose workspace is retained',
    async prepare(run) {
      await running(run, 'kept');
      await run.world.collecting();
    },
    act: (run) => run.remove('one'),
    // The garbage collector does it all.
    leastWrites: 0,
  },
];

async function running(run: Run, template: TemplateName): Promise<void> {
  await makeTemplate(run, template);
  await run.sandbox('one', { templateRef: { name: template } });
  await run.cluster.until('one', 'Ready', 'True');
  await run.noteWorkspace('one');
}

async function warmUp(run: Run, template: TemplateName): Promise<void> {
  await makeTemplate(run, template);
  await run.cluster.pool('warm', { templateRef: { name: template }, replicas: 1 });
}
