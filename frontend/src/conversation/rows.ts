import type {
  AssistantMessageItem,
  NoticeItem,
  QuestionItem,
  TimelineItem,
  ToolCallItem,
  UserMessageItem,
} from '@sandpiper/protocol';

/** What a person sees as one thing: consecutive calls are one row. */
export type Row =
  | { kind: 'user'; key: string; item: UserMessageItem }
  /** `labelled`: the first of several demo messages says so for all of its turn. */
  | { kind: 'assistant'; key: string; item: AssistantMessageItem; labelled: boolean }
  | { kind: 'tools'; key: string; items: readonly ToolCallItem[] }
  | { kind: 'question'; key: string; item: QuestionItem }
  | { kind: 'notice'; key: string; item: NoticeItem };

/** Rows are mounted in chunks of this many, so that a change at the end leaves all others alone. */
const CHUNK_SIZE = 20;

/** These are told by the plan and by question cards. */
const TOLD_ELSEWHERE = new Set(['plan_update', 'ask_user']);

export interface RowBuilder {
  /** Rows in chunks; what did not change is the same object as in the call before. */
  build(timeline: readonly TimelineItem[]): readonly (readonly Row[])[];
}

export function createRowBuilder(): RowBuilder {
  let before: readonly (readonly Row[])[] = [];
  return {
    build(timeline) {
      const held = before.flat();
      const rows = rowsOf(timeline).map((row, index) => {
        const old = held[index];
        return old && isSame(old, row) ? old : row;
      });
      const chunks: (readonly Row[])[] = [];
      for (let start = 0; start < rows.length; start += CHUNK_SIZE) {
        const chunk = rows.slice(start, start + CHUNK_SIZE);
        const old = before[chunks.length];
        chunks.push(old?.length === chunk.length && old.every((row, index) => row === chunk[index]) ? old : chunk);
      }
      before = chunks;
      return chunks;
    },
  };
}

export function rowsOf(timeline: readonly TimelineItem[]): Row[] {
  const rows: Row[] = [];
  let labelledRun: string | null = null;
  for (const item of timeline) {
    const key = `${item.kind}-${item.id}`;
    switch (item.kind) {
      case 'tool': {
        if (TOLD_ELSEWHERE.has(item.name) && item.state !== 'error') break;
        const last = rows.at(-1);
        if (last?.kind === 'tools') rows[rows.length - 1] = { ...last, items: [...last.items, item] };
        else rows.push({ kind: 'tools', key, items: [item] });
        break;
      }
      case 'assistant':
        // A message that only made calls has nothing to show, and must not part the calls around it.
        if (!item.text && !item.reasoning && item.state !== 'interrupted') break;
        rows.push({ kind: 'assistant', key, item, labelled: item.demo && labelledRun !== item.runId });
        if (item.demo) labelledRun = item.runId;
        break;
      case 'user':
        rows.push({ kind: 'user', key, item });
        break;
      case 'question':
        rows.push({ kind: 'question', key, item });
        break;
      case 'notice':
        // Of several attempts only the last one is news.
        if (item.notice === 'retrying') {
          const last = rows.at(-1);
          if (last?.kind === 'notice' && last.item.notice === 'retrying') rows.pop();
        }
        rows.push({ kind: 'notice', key, item });
        break;
    }
  }
  return rows;
}

function isSame(old: Row, row: Row): boolean {
  if (old.key !== row.key) return false;
  if (old.kind === 'tools' && row.kind === 'tools') {
    return old.items.length === row.items.length && old.items.every((item, index) => item === row.items[index]);
  }
  if (old.kind === 'assistant' && row.kind === 'assistant' && old.labelled !== row.labelled) return false;
  return 'item' in old && 'item' in row && old.item === row.item;
}
