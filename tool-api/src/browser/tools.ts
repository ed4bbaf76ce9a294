import { underControl } from '../control/guard.ts';
import type { ControlArbiter } from '../control/lease.ts';
import type { Tool } from '../tool.ts';
import { clickTool, pressTool, scrollTool, typeTool } from './input.ts';
import { evaluateTool, screenshotTool, snapshotTool } from './look.ts';
import { navigateTool, tabsTool } from './navigation.ts';
import type { BrowserSession } from './session.ts';

/** The browser tools. All but reading (snapshot, screenshot) are refused while a person has control. */
export function createBrowserTools(session: BrowserSession, control: ControlArbiter): Tool[] {
  const input = [navigateTool, tabsTool, clickTool, typeTool, pressTool, scrollTool, evaluateTool];
  return [
    snapshotTool(session),
    screenshotTool(session),
    ...input.map((createTool) => underControl(control, createTool(session))),
  ];
}
