import type { ToolCallItem } from '@sandpiper/protocol';

/** Calls that only look. Whatever else ran may have changed files, a page's download and a foreign tool included. */
const LOOKS_ONLY = new Set([
  'files_list',
  'files_read',
  'files_glob',
  'files_grep',
  'browser_snapshot',
  'browser_screenshot',
  'browser_scroll',
  'desktop_screenshot',
  'shell_list',
  'web_fetch',
  'web_search',
]);

/** How many finished calls may have changed the workspace: when it grows, what is listed is stale. */
export function touchesOf(steps: readonly ToolCallItem[]): number {
  return steps.filter((step) => step.state !== 'running' && step.state !== 'preparing' && !LOOKS_ONLY.has(step.name))
    .length;
}
