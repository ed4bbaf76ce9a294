import type { Delta, SessionState } from '@sandpiper/protocol';
import { boundText } from '../agent/bounded-text.ts';
import type { RunLog } from '../agent/run-log.ts';
import { hasQuestion } from '../agent/tools/conversation-tools.ts';

/**
 * Closes what an owner that died had left open: a message in mid-sentence is kept as far as it had come, calls are ended without a
 * result. Only calls that wait for the person go on waiting, unless the run was to be stopped.
 *
 * @param partials  what was growing, read before the run was taken
 */
export async function closeInterrupted(log: RunLog, partials: readonly Delta[]): Promise<void> {
  const state = await log.state();
  const open = partials.filter((partial) => partial.runId === log.runId);
  const stopRequested = state.runs[log.runId]?.stopRequested === true;
  await closeMessages(log, open, state);
  for (const item of state.timeline) {
    if (item.kind !== 'tool' || item.runId !== log.runId || item.state !== 'running') continue;
    if (!stopRequested && hasQuestion(state, item.id)) continue;
    const live = open.find(({ kind, id }) => kind === 'tool-output' && id === item.id);
    await log.append({
      type: 'tool.completed',
      runId: log.runId,
      callId: item.id,
      outcome: stopRequested ? 'stopped' : 'interrupted',
      output: boundText(live?.text.toWellFormed() ?? ''),
      durationMs: Math.max(0, Date.now() - Date.parse(item.at ?? new Date().toISOString())),
    });
  }
}

async function closeMessages(log: RunLog, partials: readonly Delta[], state: SessionState): Promise<void> {
  const growing = partials.filter(({ kind }) => kind === 'text' || kind === 'reasoning');
  for (const [messageId, parts] of Map.groupBy(growing, ({ id }) => id)) {
    // The crash may have come between the fact and the removal of the partial.
    if (state.timeline.some((item) => item.id === messageId && item.kind === 'assistant' && item.seq > 0)) continue;
    const textOf = (kind: Delta['kind']): string => parts.find((part) => part.kind === kind)?.text.toWellFormed() ?? '';
    const reasoning = textOf('reasoning');
    await log.append({
      type: 'message.completed',
      messageId,
      runId: log.runId,
      role: 'assistant',
      text: textOf('text'),
      ...(reasoning === '' ? {} : { reasoning }),
      interrupted: true,
      demo: parts.some((part) => part.demo === true),
    });
  }
}
