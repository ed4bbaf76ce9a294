import type { Artefact, SessionState, TimelineItem, ToolCallItem } from '@sandpiper/protocol';
import type { PanelTab } from '../../session/usePanel.ts';

/** Tools that act on the conversation leave nothing on the computer to look back on. */
const CONVERSATION_TOOLS = new Set(['plan_update', 'ask_user']);

/** The calls of a session that happened on its computer, oldest first: the stops of the timeline. */
export function stepsOf(timeline: readonly TimelineItem[]): ToolCallItem[] {
  return timeline.filter(
    (item): item is ToolCallItem => item.kind === 'tool' && item.seq > 0 && !CONVERSATION_TOOLS.has(item.name),
  );
}

/** What the panel shows for a moment of the past. */
export interface Moment {
  step: ToolCallItem;
  /** Position among the steps, from 0. */
  index: number;
  /** The screen as last seen at or before this step; `exact` when this very step saw it. */
  screenshot: { artefact: Artefact; exact: boolean } | null;
  /** The step's own terminal, else the last command's at or before it. */
  terminal: { step: ToolCallItem; artefact: Artefact | null } | null;
  /** Files that the step itself changed. */
  files: FileChange[];
}

export interface FileChange {
  path: string;
  before: Artefact | null;
  after: Artefact | null;
}

/** What was to be seen at one step. Undefined when there is no such step. */
export function momentAt(steps: readonly ToolCallItem[], callId: string): Moment | undefined {
  const index = steps.findIndex((step) => step.id === callId);
  const step = steps[index];
  if (!step) return undefined;
  const past = steps.slice(0, index + 1);
  const seen = past.findLast((earlier) => artefactOf(earlier, 'screenshot'));
  const screenshot = seen && artefactOf(seen, 'screenshot');
  const shell = past.findLast((earlier) => isShell(earlier) || artefactOf(earlier, 'terminal'));
  return {
    step,
    index,
    screenshot: screenshot ? { artefact: screenshot, exact: seen === step } : null,
    terminal: shell ? { step: shell, artefact: artefactOf(shell, 'terminal') ?? null } : null,
    files: changesOf([step]),
  };
}

/** The tab on which a step is best seen. */
export function tabOf(step: ToolCallItem): PanelTab {
  if (step.artefacts.some(({ kind }) => kind === 'file-before' || kind === 'file-after')) return 'changes';
  if (isShell(step)) return 'terminal';
  if (step.name.startsWith('files_')) return 'files';
  if (artefactOf(step, 'screenshot')) return 'desktop';
  return artefactOf(step, 'terminal') ? 'terminal' : 'desktop';
}

/**
 * The files that a list of calls changed: what each was before the first change and after the last one, in the order in which
 * they were first touched.
 */
export function changesOf(steps: readonly ToolCallItem[]): FileChange[] {
  const changes = new Map<string, FileChange>();
  for (const step of steps) {
    const touched = new Set<string>();
    for (const artefact of step.artefacts) {
      if (artefact.path === undefined || (artefact.kind !== 'file-before' && artefact.kind !== 'file-after')) continue;
      touched.add(artefact.path);
    }
    for (const path of touched) {
      const held = changes.get(path);
      const of = (kind: Artefact['kind']): Artefact | null =>
        step.artefacts.find((artefact) => artefact.kind === kind && artefact.path === path) ?? null;
      // Only the first change knows what was there before; only the last one what is there now (nothing, after a deletion).
      changes.set(path, { path, before: held ? held.before : of('file-before'), after: of('file-after') });
    }
  }
  // Written and deleted again within the run: nothing changed.
  return [...changes.values()].filter(({ before, after }) => before !== null || after !== null);
}

/** The run whose changes are shown: the active one, else the last that changed a file. */
export function lastChangingRun(state: SessionState): { runId: string; changes: FileChange[] } | undefined {
  const steps = stepsOf(state.timeline);
  const runIds = [...new Set(steps.map((step) => step.runId))].reverse();
  for (const runId of runIds) {
    const changes = changesOf(steps.filter((step) => step.runId === runId));
    if (changes.length > 0 || runId === state.activeRunId) return { runId, changes };
  }
  return undefined;
}

const isShell = (step: ToolCallItem): boolean => step.name.startsWith('shell_');

const artefactOf = (step: ToolCallItem, kind: Artefact['kind']): Artefact | undefined =>
  step.artefacts.findLast((artefact) => artefact.kind === kind);
