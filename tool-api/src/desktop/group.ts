import { underControl } from '../control/guard.ts';
import type { ControlArbiter } from '../control/lease.ts';
import type { Group } from '../group.ts';
import type { Tool } from '../tool.ts';
import { desktopComponents } from './components.ts';
import { clipboardTool, keyTool, typeTool } from './keyboard.ts';
import { screenshotTool } from './look.ts';
import { clickTool, dragTool, moveTool, scrollTool } from './pointer.ts';
import type { XAccess } from './programs.ts';

export interface DesktopOptions extends XAccess {
  control: ControlArbiter;
}

/** The desktop tools. All but the screenshot are refused while a person has control. */
export function createDesktopTools({ control, ...x }: DesktopOptions): Tool[] {
  const input = [clickTool, moveTool, dragTool, scrollTool, typeTool, keyTool, clipboardTool];
  return [screenshotTool(x), ...input.map((createTool) => underControl(control, createTool(x)))];
}

/** Mouse, keyboard, screen and clipboard of the X desktop, and its readiness. */
export function createDesktopGroup(options: DesktopOptions): Group {
  return { tools: createDesktopTools(options), components: desktopComponents(options) };
}
