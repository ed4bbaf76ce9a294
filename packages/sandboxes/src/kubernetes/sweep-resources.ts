import { annotations, type Sandbox } from '@sandpiper/api';
import type { Log } from '@sandpiper/kube';
import { planSweep, type SweepReport } from '../sweep.ts';
import { isReplaced, type SandboxResources } from './sandbox-resources.ts';

/** A session may have been made on another replica after the ids were read, or by a store that lags behind. */
const TOO_YOUNG_MS = 60 * 60_000;

/**
 * Marks sandboxes without a session and unmarks those whose session is back; see `planSweep`. What is marked already is
 * left as it is, so that several replicas do no harm, and its week goes on.
 */
export async function sweepResources(
  resources: SandboxResources,
  known: ReadonlySet<string>,
  now: number,
  log: Log,
): Promise<SweepReport> {
  const sandboxes = resources.list();
  const { mark, unmark, isTooMuch } = planSweep(sandboxes, known, now - TOO_YOUNG_MS);
  const annotate = async (sandbox: Sandbox, orphanedAt: string | null): Promise<void> => {
    try {
      await resources.patch(sandbox, { annotations: { [annotations.orphanedAt]: orphanedAt } });
    } catch (error) {
      // It was deleted meanwhile, which is as good.
      if (!isReplaced(error)) throw error;
    }
  };
  for (const sandbox of unmark) await annotate(sandbox, null);

  const names = mark.map(({ metadata }) => metadata.name);
  if (isTooMuch) {
    const text = `${names.length} of ${sandboxes.length} sandboxes without a session: too many to be litter, so all are left`;
    log.error({ checked: sandboxes.length, found: names }, text);
    return { checked: sandboxes.length, swept: [], stopped: true };
  }
  for (const sandbox of mark) await annotate(sandbox, new Date(now).toISOString());
  if (names.length > 0) log.warn({ swept: names }, 'marked sandboxes whose session is absent');
  return { checked: sandboxes.length, swept: names, stopped: false };
}
