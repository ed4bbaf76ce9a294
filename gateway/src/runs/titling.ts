import type { ModelRef } from '@sandpiper/protocol';
import type { Logger } from 'pino';
import { askForTitle, titleFrom } from '../agent/titles.ts';
import type { Provider } from '../providers/provider.ts';
import type { SessionHub } from '../sessions/hub.ts';

const TIMEOUT_MS = 20_000;

export interface TitlingParts {
  hub: SessionHub;
  sessionId: string;
  runId: string;
  provider: Provider | undefined;
  model: ModelRef;
  signal: AbortSignal;
  logger: Logger;
}

/**
 * Gives a session without a title one, from the person's first message: by the model where it can be asked, else by the message's own
 * words. A title that a person gave is never replaced. Never throws: a conversation does without.
 */
export async function titleSession(parts: TitlingParts): Promise<void> {
  const { hub, sessionId, logger } = parts;
  try {
    const { title, timeline } = await hub.state(sessionId);
    const first = timeline.find((item) => item.kind === 'user');
    if (title !== null || first === undefined) return;
    const proposed = (await ask(parts, first.text)) ?? titleFrom(first.text);
    // The person may have named it meanwhile.
    if ((await hub.state(sessionId)).title !== null) return;
    await hub.append(sessionId, { type: 'session.titled', title: proposed, by: 'agent' });
  } catch (error) {
    logger.debug({ err: error, sessionId }, 'session was not titled');
  }
}

async function ask(
  { hub, sessionId, runId, provider, model, signal }: TitlingParts,
  text: string,
): Promise<string | undefined> {
  if (provider?.complete === undefined || signal.aborted) return undefined;
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const answer = await askForTitle(provider, model.model, text, bounded).catch(() => undefined);
  if (answer?.usage) await hub.append(sessionId, { type: 'usage', runId, model, ...answer.usage });
  return answer?.title;
}
