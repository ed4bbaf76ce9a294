import { z } from 'zod';
import { withRules } from './rules.ts';

/*
 * Labels decide what selects a pod: a policy, a Service, a budget. So everything under the reserved domains is refused,
 * `app.kubernetes.io/…` included, which charts select on. Annotations under subdomains of Kubernetes are messages to
 * add-ons (`cluster-autoscaler.kubernetes.io/safe-to-evict`) and may be set.
 */
const RESERVED_LABEL = String.raw`^([^/]+\.)?(kubernetes\.io|k8s\.io|sandpiper\.dev)/`;
const RESERVED_ANNOTATION = String.raw`^(kubernetes\.io|k8s\.io|([^/]+\.)?sandpiper\.dev)/`;

const labels = withRules(texts({ maxLength: 63 }), {
  rule: `self.all(key, !key.matches(r'${RESERVED_LABEL}'))`,
  message:
    'labels under kubernetes.io, k8s.io and sandpiper.dev are set by Kubernetes and Sandpiper only; use another prefix',
  holds: (value) => Object.keys(value).every((key) => !new RegExp(RESERVED_LABEL).test(key)),
});

const annotations = withRules(texts({ maxLength: 16_384 }), {
  rule: `self.all(key, !key.matches(r'${RESERVED_ANNOTATION}'))`,
  message:
    'annotations under kubernetes.io/, k8s.io/ and sandpiper.dev are set by Kubernetes and Sandpiper only; use another prefix',
  holds: (value) => Object.keys(value).every((key) => !new RegExp(RESERVED_ANNOTATION).test(key)),
});

const containers = withRules(
  z
    .array(z.looseObject({ name: z.string().min(1).max(63).describe('Name of the container, once in a pod.') }))
    .min(1)
    .max(32)
    .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'each name once')
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] }),
  {
    rule: "self.size() == 1 || self.exists(container, container.name == 'sandbox')",
    message: 'the container that is the computer must be named sandbox when there are several',
    holds: (all) => all.length === 1 || all.some(({ name }) => name === 'sandbox'),
  },
);

/** The pod of a sandbox. Nothing but its containers' names is checked here: the operator proves it by a dry run. */
export const podTemplate = z.strictObject({
  metadata: z
    .strictObject({
      labels: labels.exactOptional().describe('Labels of the pods. Reserved prefixes are refused.'),
      annotations: annotations.exactOptional().describe('Annotations of the pods. Reserved prefixes are refused.'),
    })
    .exactOptional()
    .describe('What the pods carry beside the labels and annotations of Sandpiper.'),
  spec: z
    .looseObject({
      containers: containers.describe(
        'Containers of the pod. The one named sandbox, or the only one, is the computer: it runs tool-api on its port ' +
          'named tools, and gets identity, keys and workspace from the operator.',
      ),
    })
    .describe(
      'A PodSpec as in any Deployment. The operator proves it by a dry run and says the outcome in condition Valid.',
    ),
});

/** A map whose size bounds what a rule over it costs: the API server refuses rules without such bounds. */
function texts({ maxLength }: { maxLength: number }) {
  const maxProperties = 64;
  return z
    .record(z.string(), z.string().max(maxLength))
    .refine((map) => Object.keys(map).length <= maxProperties, `must have at most ${maxProperties} entries`)
    .meta({ maxProperties });
}
