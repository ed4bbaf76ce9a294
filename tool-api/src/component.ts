import type { ComponentState, Readiness } from '@sandpiper/protocol';

export type { ComponentState, Readiness };
export type ComponentName = keyof Readiness['components'];

/** A part of the sandbox that `/readyz` reports on. */
export interface Component {
  readonly name: ComponentName;
  /** Asks the part itself (connects, greets); a rejection, or no answer within two seconds, counts as `failed`. */
  check(): Promise<ComponentState>;
}

const CHECK_TIMEOUT_MS = 2000;

/** Checks all parts at once. A part that nobody registered is `off`; the whole is as good as its worst part that is not. */
export async function checkReadiness(components: readonly Component[]): Promise<Readiness> {
  const states: Readiness['components'] = {
    x: 'off',
    windowManager: 'off',
    vnc: 'off',
    browser: 'off',
    toolApi: 'off',
  };
  await Promise.all(
    components.map(async (component) => {
      states[component.name] = await withinBound(component).catch(() => 'failed' as const);
    }),
  );
  const seen = Object.values(states);
  const status = seen.includes('failed') ? 'failed' : seen.includes('starting') ? 'starting' : 'ready';
  return { status, components: states };
}

async function withinBound(component: Component): Promise<ComponentState> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<ComponentState>((resolve) => {
    timer = setTimeout(() => resolve('failed'), CHECK_TIMEOUT_MS);
  });
  return Promise.race([component.check(), bound]).finally(() => clearTimeout(timer));
}
