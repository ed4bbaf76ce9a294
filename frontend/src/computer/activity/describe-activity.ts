import type { SessionState, ToolCallItem } from '@sandpiper/protocol';
import { controlViewOf } from '../desktop/control-view.ts';

/** A message of `i18n/…/computer.ts` with its parameters: what a person reads, without its language. */
export interface ActivityMessage {
  key: string;
  params: Record<string, string>;
}

/** Whether the agent is at work, waits for someone, or rests: the dot in front of the title. */
export type ActivityTone = 'working' | 'waiting' | 'resting' | 'trouble';

export interface Activity {
  message: ActivityMessage;
  tone: ActivityTone;
}

/**
 * Says in words what is happening on the computer now. Pure.
 *
 * @param state     the session
 * @param viewerId  this tab, and
 * @param userId    this person, to tell "you have control" from "Ada has control"
 */
export function describeActivity(state: SessionState, viewerId: string, userId?: string): Activity {
  const view = controlViewOf(state.control, viewerId, userId);
  if (view.by !== 'agent') {
    // Without a run there is no one who waits.
    const place = state.activeRunId === null ? 'control' : 'waits';
    const named = view.by === 'other' && view.name !== null ? { name: view.name } : undefined;
    return say('waiting', `${place}.${view.by === 'other' && !named ? 'someone' : view.by}`, named);
  }
  if (state.openQuestions.length > 0) return say('waiting', 'asks');
  const { activeRunId } = state;
  if (activeRunId === null) return atRest(state);
  if (state.runs[activeRunId]?.stopRequested) return say('working', 'stopping');

  const current = state.timeline.findLast(
    (item) => item.kind !== 'user' && 'runId' in item && item.runId === activeRunId,
  );
  if (current?.kind === 'tool' && (current.state === 'running' || current.state === 'preparing')) {
    return { tone: 'working', message: describeStep(current) };
  }
  if (current?.kind === 'assistant' && current.state === 'streaming' && current.text !== '')
    return say('working', 'writes');
  if (current?.kind === 'notice' && current.notice === 'retrying') return say('waiting', 'retries');
  return say('working', 'thinks');
}

/** The sentence for one call, as it runs: "Browsing docs.python.org". Also used where a step of the past is shown. */
export function describeStep(call: ToolCallItem): ActivityMessage {
  const { name, server } = call;
  if (server) return step('mcp', { server, tool: toolTitle(name) });
  const told = (key: string): string => textOf(call.input?.[key]);
  switch (name) {
    case 'shell_run':
      return detailed('run', firstLine(told('command')));
    case 'shell_output':
    case 'shell_list':
      return step('shellWatch');
    case 'shell_write':
      return step('shellWrite');
    case 'shell_kill':
      return step('shellKill');
    case 'files_read':
      return detailed('read', shortPath(told('path')));
    case 'files_write':
      return detailed('write', shortPath(told('path')));
    case 'files_edit':
      return detailed('edit', shortPath(told('path')));
    case 'files_delete':
      return detailed('delete', shortPath(told('path')));
    case 'files_move':
      return detailed('move', shortPath(told('from')));
    case 'files_mkdir':
      return detailed('mkdir', shortPath(told('path')));
    case 'files_glob':
    case 'files_grep':
      return detailed('search', told('pattern'));
    case 'browser_navigate':
      return detailed('browse', hostOf(told('url')));
    case 'browser_snapshot':
    case 'browser_screenshot':
      return step('readPage');
    case 'browser_click':
    case 'browser_press':
    case 'browser_scroll':
      return step('usePage');
    case 'browser_type':
      return step('fillPage');
    case 'browser_tabs':
    case 'browser_evaluate':
      return step('usePage');
    case 'desktop_screenshot':
      return step('look');
    case 'desktop_clipboard':
      return step('clipboard');
    case 'web_fetch':
      return detailed('fetch', hostOf(told('url')));
    case 'web_search':
      return detailed('webSearch', told('query'));
    case 'plan_update':
      return step('plan');
    case 'ask_user':
      return step('ask');
    default:
      return byGroup(name);
  }
}

/** What a tool of that group does, when its name is new to this page. */
function byGroup(name: string): ActivityMessage {
  if (name.startsWith('files_')) return step('files');
  if (name.startsWith('shell_')) return step('shellWatch');
  if (name.startsWith('browser_')) return step('usePage');
  if (name.startsWith('desktop_')) return step('desktop');
  return name === '' ? step('prepare') : step('other', { tool: toolTitle(name) });
}

/** Between runs the computer's own state is the news. */
function atRest(state: SessionState): Activity {
  switch (state.sandbox.phase) {
    case 'none':
      return say('resting', 'noComputer');
    case 'creating':
    case 'starting-tools':
    case 'starting-desktop':
      return say('working', `wakes.${state.sandbox.phase}`);
    case 'ready':
      return say('resting', state.timeline.some((item) => item.kind === 'tool') ? 'idle' : 'ready');
    case 'suspending':
    case 'suspended':
      return say('resting', 'sleeps');
    case 'failed':
      return say('trouble', 'failed');
    case 'finished':
      return say('resting', 'gone');
    case 'unavailable':
      return say('trouble', 'unavailable');
  }
}

const say = (tone: ActivityTone, key: string, params: Record<string, string> = {}): Activity => ({
  tone,
  message: { key: `computer.activity.${key}`, params },
});

const step = (key: string, params: Record<string, string> = {}): ActivityMessage => ({
  key: `computer.step.${key}`,
  params,
});

/** The sentence with its object, or the one without while the object is still streaming in. */
const detailed = (key: string, object: string): ActivityMessage =>
  object === '' ? step(`${key}Plain`) : step(key, { object: shorten(object) });

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? '';

const shorten = (text: string): string => (text.length <= 64 ? text : `${text.slice(0, 63)}…`);

/** The last two segments say enough: `/home/agent/site/src/app.ts` → `src/app.ts`. */
function shortPath(path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  return segments.slice(-2).join('/');
}

/** `https://docs.python.org/3/` → `docs.python.org`; a file's name for `file:`; what was given when it is no URL. */
export function hostOf(url: string): string {
  if (url === '') return '';
  const parsed = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `https://${url}`);
  if (parsed === null) return url;
  if (parsed.protocol === 'file:') return shortPath(safeDecode(parsed.pathname));
  return parsed.host.replace(/^www\./, '') || url;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `mcp__github__create_issue` → `create issue` */
const toolTitle = (name: string): string => name.replace(/^mcp__.+?__/, '').replaceAll('_', ' ');
