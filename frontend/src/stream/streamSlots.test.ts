import { afterEach, describe, expect, it, vi } from 'vitest';
import { createStreamSlots } from './streamSlots.ts';
import type { StreamSlot } from './streamSlots.ts';

/** Node's own Web Locks and BroadcastChannel; each tab is one `createStreamSlots`. */
let held: StreamSlot[] = [];

async function take(tab: { hidden: boolean }, onWanted: () => void = () => undefined): Promise<StreamSlot | undefined> {
  const slot = await createStreamSlots(() => tab.hidden).take(onWanted);
  if (slot) held.push(slot);
  return slot;
}

afterEach(() => {
  for (const slot of held) slot.release();
  held = [];
  vi.unstubAllGlobals();
});

describe('the slots of a browser', () => {
  it('are three: a fourth tab that is hidden too gets none until one is released', async () => {
    const hidden = { hidden: true };
    const first = await take(hidden);
    await take(hidden);
    await take(hidden);
    expect(held).toHaveLength(3);
    expect(await take(hidden)).toBeUndefined();
    first?.release();
    await vi.waitFor(async () => expect(await take(hidden)).toBeDefined());
  });

  it('go from a hidden tab to a visible one, and only one tab yields', async () => {
    let yielded = 0;
    for (let count = 0; count < 3; count += 1) {
      const slot: StreamSlot | undefined = await take({ hidden: true }, () => {
        yielded += 1;
        slot?.release();
      });
    }
    expect(await take({ hidden: false })).toBeDefined();
    expect(yielded).toBe(1);
  });

  it('stay with the tabs that are visible', async () => {
    const asked = vi.fn();
    for (let count = 0; count < 3; count += 1) await take({ hidden: false }, asked);
    expect(await take({ hidden: false })).toBeUndefined();
    expect(asked).not.toHaveBeenCalled();
  });

  it('have no end where the browser knows no locks', async () => {
    vi.stubGlobal('navigator', {});
    for (let count = 0; count < 7; count += 1) expect(await take({ hidden: false })).toBeDefined();
  });
});
