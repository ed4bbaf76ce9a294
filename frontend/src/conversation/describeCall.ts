import {
  AppWindow,
  Clipboard,
  FilePen,
  FilePlus2,
  FileText,
  FolderPlus,
  Folders,
  Globe,
  Keyboard,
  MousePointerClick,
  Move,
  Plug,
  Scan,
  ScrollText,
  Search,
  SquareTerminal,
  Trash2,
  Wrench,
} from '@lucide/vue';
import type { Component } from 'vue';
import type { ToolCallItem } from '@sandpiper/protocol';

/** One line about a call: `Ran` `pytest -q`. `verb` is a key of `chat.tool.doing` and `chat.tool.done`. */
export interface CallDescription {
  icon: Component;
  verb: string;
  /** What it acts on, as short as it stays recognisable; empty where the verb says all. */
  object: string;
}

type Describe = [icon: Component, verb: string, object?: (input: Record<string, unknown>) => string];

const text = (name: string) => (input: Record<string, unknown>) => {
  const value = input[name];
  return typeof value === 'string' ? value : '';
};
const path = (name: string) => (input: Record<string, unknown>) => text(name)(input).replace(/^\/home\/[^/]+\//, '');
const url = (input: Record<string, unknown>) =>
  text('url')(input)
    .replace(/^https?:\/\/(www\.)?/, '')
    .replace(/\/$/, '');
const firstLine = (input: Record<string, unknown>) => text('command')(input).trim().split('\n')[0] ?? '';

const KNOWN: Record<string, Describe> = {
  shell_run: [SquareTerminal, 'run', firstLine],
  shell_output: [SquareTerminal, 'watch'],
  shell_list: [SquareTerminal, 'watch'],
  shell_write: [SquareTerminal, 'type'],
  shell_kill: [SquareTerminal, 'kill'],
  files_list: [Folders, 'list', path('path')],
  files_read: [FileText, 'read', path('path')],
  files_write: [FilePlus2, 'write', path('path')],
  files_edit: [FilePen, 'edit', path('path')],
  files_move: [Move, 'move', path('from')],
  files_delete: [Trash2, 'delete', path('path')],
  files_mkdir: [FolderPlus, 'mkdir', path('path')],
  files_glob: [Search, 'find', text('pattern')],
  files_grep: [Search, 'find', text('pattern')],
  browser_navigate: [Globe, 'browse', url],
  browser_snapshot: [ScrollText, 'page'],
  browser_click: [MousePointerClick, 'click'],
  browser_type: [Keyboard, 'fill'],
  browser_press: [Keyboard, 'press', text('key')],
  browser_scroll: [AppWindow, 'scroll'],
  browser_tabs: [AppWindow, 'tabs'],
  browser_screenshot: [Scan, 'screenshot'],
  browser_evaluate: [AppWindow, 'script'],
  desktop_screenshot: [Scan, 'screenshot'],
  desktop_clipboard: [Clipboard, 'clipboard'],
  web_fetch: [Globe, 'fetch', url],
  web_search: [Search, 'search', text('query')],
};

export function describeCall(item: ToolCallItem): CallDescription {
  const known = KNOWN[item.name];
  if (known) {
    const [icon, verb, object] = known;
    return { icon, verb, object: object && item.input ? object(item.input) : '' };
  }
  if (item.name.startsWith('desktop_')) return { icon: AppWindow, verb: 'desktop', object: '' };
  if (item.name === '') return { icon: Wrench, verb: 'prepare', object: '' };
  const title = item.name.replace(/^mcp__.+?__/, '').replaceAll('_', ' ');
  return item.server
    ? { icon: Plug, verb: 'call', object: `${item.server} · ${title}` }
    : { icon: Wrench, verb: 'call', object: title };
}
