import type { Run } from './run.ts';

/** Templates of every run: a home that ends with its pod, one that outlives pods, one that outlives the sandbox as well. */
export const templates = {
  scratch: {},
  disk: { workspace: { size: '1Gi' } },
  kept: { workspace: { size: '1Gi', retain: true } },
} as const;
export type TemplateName = keyof typeof templates;

/** Makes a template and waits until it counts. Its computers fall asleep after a second with nothing to do. */
export async function makeTemplate({ cluster, world }: Run, name: TemplateName, image = 'sandbox:1'): Promise<void> {
  const container = { name: 'sandbox', image, ports: [{ name: 'tools', containerPort: world.sleepers.port }] };
  await cluster.template(name, {
    podTemplate: { spec: { containers: [container], nodeSelector: { 'kubernetes.io/hostname': world.node } } },
    defaults: { lifetime: { idleTimeout: '1s' } },
    ...templates[name],
  });
  await cluster.untilTemplate(name, 'True');
}
