import type { ControlState } from '@sandpiper/protocol';

/** Who has control, seen from one tab. */
export type ControlView =
  | { by: 'agent' }
  | { by: 'me' }
  /** The same person, in another tab or on another device. */
  | { by: 'my-other-tab' }
  | { by: 'other'; name: string | null };

/** Tells whose control it is. Pure. */
export function controlViewOf(control: ControlState, viewerId: string, userId: string | undefined): ControlView {
  if (control.holder === 'agent') return { by: 'agent' };
  if (control.viewerId === viewerId) return { by: 'me' };
  if (userId !== undefined && control.userId === userId) return { by: 'my-other-tab' };
  return { by: 'other', name: control.name ?? null };
}
