import {
  type Condition,
  findCondition,
  isTrue,
  labels,
  type Sandbox,
  type SandboxPool,
  type SandboxTemplate,
} from '@sandpiper/api';
import type { KubeObject, PersistentVolumeClaim, Pod } from '@sandpiper/kube';

/** All there is of one namespace at one moment. */
export interface Seen {
  sandboxes: readonly Sandbox[];
  templates: readonly SandboxTemplate[];
  pools: readonly SandboxPool[];
  pods: readonly Pod[];
  claims: readonly PersistentVolumeClaim[];
  /** Uids of pods that take no work because they agreed to be suspended. */
  closed: ReadonlySet<string>;
}

/** What people wish, and had before. */
export interface Expected {
  /** By name; `gone` has been deleted. */
  sandboxes: ReadonlyMap<string, 'running' | 'suspended' | 'gone'>;
  /** Uid of the claim that holds a sandbox's work, by the sandbox's name: it must stay the same. */
  workspaces: ReadonlyMap<string, string>;
}

/** Says in words what must not be, once nothing is under way any more. Pure. */
export function violations(seen: Seen, expected: Expected): string[] {
  return [
    ...[...expected.sandboxes].flatMap(([name, wish]) => {
      const sandbox = seen.sandboxes.find(({ metadata }) => metadata.name === name);
      if (wish === 'gone') return leftovers(seen, name, expected.workspaces.get(name));
      if (!sandbox) return [`The sandbox ${name} is lost.`];
      const workspace = workspaceViolations(seen, sandbox, expected.workspaces.get(name));
      return [
        ...(wish === 'running' ? runningViolations(seen, sandbox) : suspendedViolations(seen, sandbox)),
        ...workspace,
      ];
    }),
    ...seen.pools.flatMap((pool) => poolViolations(seen, pool)),
    ...orphanedPods(seen),
    ...orphanedClaims(seen),
    ...sharedClaims(seen.pods),
  ];
}

/** Claims that more than one pod mounts, whatever state those are in: until a pod is forgotten, it may still write. Pure. */
export function sharedClaims(pods: Iterable<Pod>): string[] {
  const users = new Map<string, string[]>();
  for (const pod of pods) {
    for (const claim of claimNamesOf(pod)) {
      const key = `${pod.metadata.namespace ?? ''}/${claim}`;
      users.set(key, [...(users.get(key) ?? []), pod.metadata.uid ?? '']);
    }
  }
  return [...users]
    .filter(([, uids]) => uids.length > 1)
    .map(([key, uids]) => `The workspace ${key} is mounted by the pods ${uids.join(' and ')} at once.`);
}

export function claimNamesOf({ spec }: Pod): string[] {
  return spec?.volumes?.flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []) ?? [];
}

function runningViolations(seen: Seen, sandbox: Sandbox): string[] {
  const { name, uid } = sandbox.metadata;
  const own = seen.pods.filter((pod) => controllerOf(pod)?.uid === uid);
  const { endpoint, conditions, workspace } = sandbox.status ?? {};
  const found: string[] = [];
  for (const claim of seen.claims) {
    if (controllerOf(claim)?.uid !== uid || claim.metadata.name === workspace?.claimName) continue;
    found.push(`${name} owns the workspace ${claim.metadata.name}, which it does not use.`);
  }
  if (own.length !== 1) found.push(`${name} should run and has ${own.length} instances.`);
  if (!endpoint)
    found.push(`${name} should run and publishes no instance (${describe(findCondition(conditions, 'Ready'))}).`);
  else if (!own.some(({ metadata }) => metadata.uid === endpoint.uid && metadata.deletionTimestamp === undefined)) {
    found.push(`${name} publishes the instance ${endpoint.uid}, which it has not.`);
  }
  if (endpoint && seen.closed.has(endpoint.uid)) found.push(`The instance that ${name} publishes takes no work.`);
  if (!isTrue(conditions, 'Ready'))
    found.push(`${name} is not ready (${describe(findCondition(conditions, 'Ready'))}).`);
  return found;
}

function suspendedViolations(seen: Seen, sandbox: Sandbox): string[] {
  const { name, uid } = sandbox.metadata;
  const own = seen.pods.filter((pod) => controllerOf(pod)?.uid === uid);
  const found: string[] = [];
  if (own.length > 0) found.push(`${name} is suspended and has ${own.length} instances.`);
  if (sandbox.status?.endpoint) found.push(`${name} is suspended and publishes an instance.`);
  if (!isTrue(sandbox.status?.conditions, 'Suspended')) found.push(`${name} does not say that it is suspended.`);
  return found;
}

/** The workspace that a sandbox has is there, held as its template says, and still the same. */
function workspaceViolations(seen: Seen, sandbox: Sandbox, before: string | undefined): string[] {
  const { name, uid } = sandbox.metadata;
  const template = templateOf(seen, sandbox.spec.templateRef.name);
  if (!template?.spec.workspace) return [];
  const claimName = sandbox.status?.workspace?.claimName;
  const claim = seen.claims.find(({ metadata }) => metadata.name === claimName);
  // One that was put to sleep before it ever ran has had none.
  if (!claim && before === undefined && isTrue(sandbox.status?.conditions, 'Suspended')) return [];
  if (!claim) return [`${name} has lost its workspace ${claimName ?? ''}.`];
  const found: string[] = [];
  if (before !== undefined && claim.metadata.uid !== before) found.push(`${name} has another workspace than before.`);
  if (claim.metadata.deletionTimestamp !== undefined) found.push(`The workspace of ${name} is being deleted.`);
  const owner = controllerOf(claim)?.uid;
  const wanted = template.spec.workspace.retain ? undefined : uid;
  if (owner !== wanted)
    found.push(`The workspace of ${name} is owned by ${owner ?? 'nobody'}, not by ${wanted ?? 'nobody'}.`);
  const mounts = seen.pods
    .filter((pod) => controllerOf(pod)?.uid === uid)
    .every((pod) => claimNamesOf(pod).includes(claim.metadata.name));
  if (!mounts) found.push(`An instance of ${name} is not on its workspace.`);
  return found;
}

/** Of a deleted sandbox there is nothing but what is retained. */
function leftovers(seen: Seen, name: string, retained: string | undefined): string[] {
  const isIts = ({ metadata }: KubeObject): boolean => metadata.labels?.[labels.sandbox] === name;
  const found: string[] = [];
  if (seen.sandboxes.some(({ metadata }) => metadata.name === name)) found.push(`${name} should be gone.`);
  for (const pod of seen.pods.filter(isIts))
    found.push(`The pod ${pod.metadata.name} has outlived its sandbox ${name}.`);
  const claims = seen.claims.filter(isIts);
  for (const claim of claims) {
    if (!isRetained(seen, claim)) found.push(`The workspace ${claim.metadata.name} has outlived its sandbox ${name}.`);
  }
  if (
    retained !== undefined &&
    !claims.some(({ metadata }) => metadata.uid === retained && !metadata.deletionTimestamp)
  ) {
    found.push(`The workspace of ${name} should have been retained.`);
  }
  return found;
}

function poolViolations(seen: Seen, { metadata: { name, uid }, spec, status }: SandboxPool): string[] {
  const pods = seen.pods.filter((pod) => controllerOf(pod)?.uid === uid);
  const found: string[] = [];
  if (pods.length !== spec.replicas)
    found.push(`The pool ${name} wants ${spec.replicas} instances and has ${pods.length}.`);
  if (status?.readyReplicas !== spec.replicas) {
    found.push(`The pool ${name} tells of ${status?.readyReplicas ?? 0} ready instances of ${spec.replicas}.`);
  }
  for (const pod of pods) {
    for (const claimName of claimNamesOf(pod)) {
      const claim = seen.claims.find(({ metadata }) => metadata.name === claimName);
      if (claim && controllerOf(claim)?.uid === pod.metadata.uid) continue;
      found.push(`The warm pod ${pod.metadata.name} has no workspace of its own.`);
    }
  }
  return found;
}

function orphanedPods({ pods, sandboxes, pools }: Seen): string[] {
  const owners = new Set([...sandboxes, ...pools].map(({ metadata }) => metadata.uid));
  return pods
    .filter((pod) => !owners.has(controllerOf(pod)?.uid ?? ''))
    .map(({ metadata }) => `The pod ${metadata.name} belongs to nobody.`);
}

function orphanedClaims(seen: Seen): string[] {
  const owners = new Set([...seen.sandboxes, ...seen.pods].map(({ metadata }) => metadata.uid));
  return seen.claims
    .filter((claim) => {
      const owner = controllerOf(claim);
      if (owner) return !owners.has(owner.uid);
      return !isRetained(seen, claim) || !isClaimed(seen, claim);
    })
    .map(({ metadata }) => `The workspace ${metadata.name} belongs to nobody.`);
}

function isRetained(seen: Seen, claim: PersistentVolumeClaim): boolean {
  if (controllerOf(claim)) return false;
  return templateOf(seen, claim.metadata.labels?.[labels.template] ?? '')?.spec.workspace?.retain === true;
}

/** A retained workspace is held by the status of its sandbox, or left by one that is gone. */
function isClaimed({ sandboxes }: Seen, { metadata }: PersistentVolumeClaim): boolean {
  const holder = metadata.labels?.[labels.sandbox];
  if (holder === undefined) return false;
  const sandbox = sandboxes.find(({ metadata: { name } }) => name === holder);
  return sandbox === undefined || sandbox.status?.workspace?.claimName === metadata.name;
}

function templateOf({ templates }: Seen, name: string): SandboxTemplate | undefined {
  return templates.find(({ metadata }) => metadata.name === name);
}

function controllerOf({ metadata }: KubeObject) {
  return metadata.ownerReferences?.find(({ controller }) => controller === true);
}

function describe(condition: Condition | undefined): string {
  return condition ? `${condition.reason}: ${condition.message}` : 'it says nothing';
}
