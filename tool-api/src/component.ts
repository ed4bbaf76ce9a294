export const COMPONENT_NAMES = ['x', 'windowManager', 'vnc', 'browser', 'toolApi'] as const;
export type ComponentName = (typeof COMPONENT_NAMES)[number];
export type ComponentState = 'ready' | 'starting' | 'failed' | 'off';

/** A part of the sandbox that `/readyz` reports on. */
export interface Component {
  readonly name: ComponentName;
  /** Asks the part itself (connects, greets), within a second; a rejection counts as `failed`. `off`: not wanted here. */
  check(): Promise<ComponentState>;
}

export interface Readiness {
  status: 'ready' | 'starting' | 'failed';
  components: Record<ComponentName, ComponentState>;
}

/** Checks all parts at once. A part that nobody registered is `off`; the whole is as good as its worst part that is not. */
export async function checkReadiness(components: readonly Component[]): Promise<Readiness> {
  const states = Object.fromEntries(COMPONENT_NAMES.map((name) => [name, 'off'])) as Record<
    ComponentName,
    ComponentState
  >;
  await Promise.all(
    components.map(async (component) => {
      states[component.name] = await component.check().catch(() => 'failed' as const);
    }),
  );
  const seen = Object.values(states);
  const status = seen.includes('failed') ? 'failed' : seen.includes('starting') ? 'starting' : 'ready';
  return { status, components: states };
}
