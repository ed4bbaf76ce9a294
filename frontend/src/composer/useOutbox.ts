import { computed, ref, watch } from 'vue';
import { defineStore } from 'pinia';
import type { Attachment, ModelRef, StartRunResponse } from '@sandpiper/protocol';
import { api, ApiError } from '../api/client.ts';
import { useSession } from '../session/useSession.ts';

export interface OutgoingMessage {
  /** Idempotency key: however often it is tried, it is one message. */
  key: string;
  sessionId: string;
  text: string;
  attachments: Attachment[];
  model?: ModelRef;
  state: 'queued' | 'sending' | 'failed';
  /** Known once the gateway has taken it; it goes as soon as the message itself is in the log. */
  messageId: string | null;
  error: unknown;
}

export type Draft = Pick<OutgoingMessage, 'text' | 'attachments' | 'model'>;

const STORAGE_KEY = 'sandpiper.outbox';

/** Messages that are on their way: being sent, refused, or written while a run was going. They survive a reload. */
export const useOutbox = defineStore('outbox', () => {
  const session = useSession();
  const messages = ref<OutgoingMessage[]>(restore());
  watch(messages, (held) => sessionStorage.setItem(STORAGE_KEY, JSON.stringify(held)), { deep: true });

  /** Those of the open session that are not in its log yet. */
  const pending = computed(() => {
    const known = new Set(session.state.timeline.map((item) => item.id));
    return messages.value.filter(
      (message) => message.sessionId === session.id && !(message.messageId !== null && known.has(message.messageId)),
    );
  });

  /** Sends a message, or queues it behind the run that is going. */
  function submit(sessionId: string, draft: Draft): void {
    const key = crypto.randomUUID();
    messages.value.push({ ...draft, key, sessionId, state: 'queued', messageId: null, error: null });
    const busy = session.id === sessionId && (session.activeRun !== null || pending.value.length > 1);
    if (!busy) void send(key);
  }

  async function send(key: string): Promise<void> {
    const message = messages.value.find((held) => held.key === key);
    if (!message || message.state === 'sending') return;
    message.state = 'sending';
    const { sessionId, text, attachments, model } = message;
    const start = (): Promise<StartRunResponse> =>
      api.request<StartRunResponse>(`sessions/${encodeURIComponent(sessionId)}/runs`, {
        method: 'POST',
        json: { text, attachments, ...(model ? { model } : {}) },
        headers: { 'idempotency-key': key },
      });
    try {
      message.messageId = (await tryAgain(start)).messageId;
    } catch (error) {
      const wait = error instanceof ApiError && error.code === 'RUN_ACTIVE';
      message.state = wait ? 'queued' : 'failed';
      message.error = wait ? null : error;
    }
  }

  /** Takes a message out, for editing or for good. */
  function take(key: string): OutgoingMessage | undefined {
    const message = messages.value.find((held) => held.key === key);
    messages.value = messages.value.filter((held) => held.key !== key);
    return message;
  }

  // What was on its way when the page was left may have arrived: asking again with its key finds out, and sends it if it did not.
  for (const message of messages.value.filter((held) => held.state === 'sending')) {
    message.state = 'queued';
    void send(message.key);
  }

  // When a run ends well, what was written meanwhile goes as one message. After a stop or a failure it waits for a decision.
  watch(
    () => session.state,
    (state, before) => {
      const ids = new Set(messages.value.map((message) => message.messageId));
      if (state.timeline.some((item) => item.kind === 'user' && ids.has(item.id))) {
        const known = new Set(state.timeline.map((item) => item.id));
        messages.value = messages.value.filter(
          (message) => message.messageId === null || !known.has(message.messageId),
        );
      }
      const ended = before.activeRunId;
      if (ended === null || state.activeRunId !== null || state.runs[ended]?.outcome !== 'completed') return;
      const queued = pending.value.filter((message) => message.state === 'queued');
      const first = queued[0];
      if (!first) return;
      for (const message of queued.slice(1)) take(message.key);
      first.text = queued
        .map((message) => message.text)
        .filter(Boolean)
        .join('\n\n');
      first.attachments = queued.flatMap((message) => message.attachments);
      void send(first.key);
    },
  );

  return { messages, pending, submit, send, take };
});

function restore(): OutgoingMessage[] {
  try {
    return JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]') as OutgoingMessage[];
  } catch {
    return [];
  }
}

const RETRY_DELAYS_MS = [500, 1000, 2000];

/** A server that restarts, or a network that changes, is back in a moment; only what lasts longer is a person's business. */
async function tryAgain<T>(attempt: () => Promise<T>): Promise<T> {
  for (const delayMs of RETRY_DELAYS_MS) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof ApiError && isPassing(error.status))) throw error;
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
  return attempt();
}

/** 0: no answer came at all. */
const isPassing = (status: number): boolean => status === 0 || (status >= 502 && status <= 504);
