import type { SessionSummary } from '@sandpiper/protocol';

export type DayGroup = 'today' | 'yesterday' | 'week' | 'month' | 'older';

/** Groups sessions, given newest first, by how many calendar days ago they changed, as seen at `now` in local time. */
export function groupByDay(
  sessions: readonly SessionSummary[],
  now: Date,
): { group: DayGroup; sessions: SessionSummary[] }[] {
  const groups: { group: DayGroup; sessions: SessionSummary[] }[] = [];
  for (const session of sessions) {
    const group = groupOf(daysBetween(new Date(session.updatedAt), now));
    const last = groups.at(-1);
    if (last?.group === group) last.sessions.push(session);
    else groups.push({ group, sessions: [session] });
  }
  return groups;
}

function groupOf(daysAgo: number): DayGroup {
  if (daysAgo <= 0) return 'today';
  if (daysAgo === 1) return 'yesterday';
  if (daysAgo < 7) return 'week';
  return daysAgo < 30 ? 'month' : 'older';
}

/** Calendar days, not periods of 24 hours: rounding takes care of days with a change of clocks. */
function daysBetween(earlier: Date, later: Date): number {
  return Math.round((midnight(later) - midnight(earlier)) / 86_400_000);
}

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
