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
    try {
      const answer = await api.request<StartRunResponse>(`sessions/${encodeURIComponent(sessionId)}/runs`, {
        method: 'POST',
        json: { text, attachments, ...(model ? { model } : {}) },
        headers: { 'idempotency-key': key },
      });
      message.messageId = answer.messageId;
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
    const held = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]') as OutgoingMessage[];
    // Whether it arrived is not known: its key makes a second attempt harmless.
    return held.map((message) =>
      message.state === 'sending' ? { ...message, state: 'failed', messageId: null } : message,
    );
  } catch {
    return [];
  }
}
