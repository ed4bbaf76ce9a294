import { desktopClick, desktopDrag, desktopMove, desktopScroll } from '@sandpiper/protocol';
import { defineTool, type Tool } from '../tool.ts';
import { runProgram, type XAccess } from './programs.ts';
import { assertOnScreen, pointerOf, type Point } from './screen.ts';

const BUTTONS = { left: '1', middle: '2', right: '3' } as const;
/** The wheel is four more buttons to X. */
const WHEEL = { up: '4', down: '5', left: '6', right: '7' } as const;
const DRAG_STEPS = 20;

type Modifier = 'alt' | 'ctrl' | 'shift' | 'super';

export function clickTool(x: XAccess): Tool {
  return defineTool({
    ...desktopClick,
    handler: async ({ x: left, y: top, button, count, modifiers }, { signal }) => {
      await assertOnScreen(x, { x: left, y: top });
      const click = ['click', '--repeat', String(count), '--delay', '60', BUTTONS[button]];
      await withModifiers(x, modifiers, [...moveTo({ x: left, y: top }), ...click], signal);
      return { pointer: await pointerOf(x) };
    },
  });
}

export function moveTool(x: XAccess): Tool {
  return defineTool({
    ...desktopMove,
    handler: async (point, { signal }) => {
      await assertOnScreen(x, point);
      await runProgram(x, 'xdotool', moveTo(point), { signal });
      return { pointer: await pointerOf(x) };
    },
  });
}

export function dragTool(x: XAccess): Tool {
  return defineTool({
    ...desktopDrag,
    handler: async ({ from, to, button, modifiers }, { signal }) => {
      await assertOnScreen(x, from, to);
      // In small steps: programs take a leap for no drag at all.
      const way = Array.from({ length: DRAG_STEPS }, (_, index) => {
        const share = (index + 1) / DRAG_STEPS;
        const at = { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
        return [...moveTo(at), 'sleep', '0.01'];
      });
      const drag = [...moveTo(from), 'mousedown', BUTTONS[button], ...way.flat(), 'mouseup', BUTTONS[button]];
      await withModifiers(x, modifiers, drag, signal).catch(async (error: unknown) => {
        await runProgram(x, 'xdotool', ['mouseup', BUTTONS[button]], { signal: AbortSignal.timeout(2000) });
        throw error;
      });
      return { pointer: await pointerOf(x) };
    },
  });
}

export function scrollTool(x: XAccess): Tool {
  return defineTool({
    ...desktopScroll,
    handler: async ({ x: left, y: top, direction, clicks, modifiers }, { signal }) => {
      await assertOnScreen(x, { x: left, y: top });
      const wheel = ['click', '--repeat', String(clicks), '--delay', '10', WHEEL[direction]];
      await withModifiers(x, modifiers, [...moveTo({ x: left, y: top }), ...wheel], signal);
      return { pointer: await pointerOf(x) };
    },
  });
}

function moveTo({ x, y }: Point): string[] {
  return ['mousemove', String(Math.round(x)), String(Math.round(y))];
}

/** Runs xdotool commands with keys held down, which are let go whatever happens. */
async function withModifiers(
  x: XAccess,
  modifiers: readonly Modifier[],
  commands: string[],
  signal: AbortSignal,
): Promise<void> {
  const release = modifiers.flatMap((modifier) => ['keyup', modifier]);
  const hold = modifiers.flatMap((modifier) => ['keydown', modifier]);
  try {
    await runProgram(x, 'xdotool', [...hold, ...commands, ...release], { signal });
  } catch (error) {
    if (release.length > 0) await runProgram(x, 'xdotool', release, { signal: AbortSignal.timeout(2000) });
    throw error;
  }
}
