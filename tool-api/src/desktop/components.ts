import type { Component } from '../component.ts';
import { whileFresh } from './fresh.ts';
import type { XAccess } from './programs.ts';
import { withDisplay } from './screen.ts';

/** X is ready when it lets us in; the window manager, when the window that it must keep (EWMH) is there and points to itself. */
export function desktopComponents(x: XAccess): Component[] {
  const name = '_NET_SUPPORTING_WM_CHECK';
  return [
    {
      name: 'x',
      check: whileFresh(() =>
        withDisplay(x, async (display) => {
          await display.size();
        }),
      ),
    },
    {
      name: 'windowManager',
      check: whileFresh(() =>
        withDisplay(x, async (display) => {
          const window = await display.property(display.root, name);
          // A window manager that died leaves the root's property behind, but not the window.
          const isAlive = window !== undefined && (await display.property(window, name)) === window;
          if (!isAlive) throw new Error('No window manager runs.');
        }),
      ),
    },
  ];
}
