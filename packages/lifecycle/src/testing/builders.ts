import {
  API_VERSION,
  type Sandbox,
  sandboxSpec,
  type SandboxTemplate,
  sandboxTemplateSpec,
  type SandboxSpec,
} from '@sandpiper/api';
import type { Observation, ObservedInstance, ObservedWorkspace } from '../observation.ts';

/** When all tests begin, epoch ms. */
export const T0 = Date.parse('2026-01-01T00:00:00.000Z');

export function aSandbox(spec: Partial<SandboxSpec> = {}, rest: Partial<Omit<Sandbox, 'spec'>> = {}): Sandbox {
  return {
    apiVersion: API_VERSION,
    kind: 'Sandbox',
    metadata: {
      name: 'sbx-one',
      uid: 'uid-one',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: iso(T0),
    },
    spec: { ...sandboxSpec.parse({}), ...spec },
    ...rest,
  };
}

/** The desktop that a sandbox wishes for when nobody said anything. */
export const DISPLAY = { width: 1280, height: 800 };

export function aTemplate(workspace: 'none' | 'owned' | 'retained' = 'owned'): SandboxTemplate {
  return {
    apiVersion: API_VERSION,
    kind: 'SandboxTemplate',
    metadata: {
      name: 'default',
      uid: 't',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: iso(T0),
    },
    spec: sandboxTemplateSpec.parse(workspace === 'none' ? {} : { workspace: { retain: workspace === 'retained' } }),
  };
}

export function anInstance(rest: Partial<ObservedInstance> = {}): ObservedInstance {
  return {
    uid: 'i-1',
    ownerUid: 'uid-one',
    workspace: 'sbx-one',
    address: 'unix:/run/i-1/tool.sock',
    state: 'Running',
    terminating: false,
    warm: false,
    createdAt: T0,
    toolsReady: true,
    desktop: 'ready',
    restarts: 0,
    ...rest,
  };
}

/** The workspace that a sandbox makes for itself. */
export function aWorkspace(): ObservedWorkspace {
  return { name: 'sbx-one', ownerUid: 'uid-one', terminating: false };
}

/** A fresh sandbox that nothing was done for yet. */
export function anObservation(rest: Partial<Observation> = {}): Observation {
  return {
    now: T0,
    sandbox: aSandbox(),
    template: aTemplate(),
    instances: [],
    workspaces: [],
    candidates: [],
    ...rest,
  };
}

export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
