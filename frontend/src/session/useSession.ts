import { computed, ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { emptySession } from '@sandpiper/protocol';
import type { AnswerRequest, ModelRef, SessionListChange, SessionState } from '@sandpiper/protocol';
import { api, ApiError } from '../api/client.ts';
import { openEventStream } from '../stream/eventStream.ts';
import type { ConnectionState, EventStream } from '../stream/eventStream.ts';
import { createStreamSlots } from '../stream/streamSlots.ts';
import { createLiveState } from './liveState.ts';
import type { LiveState } from './liveState.ts';
import { claimViewerId } from './viewerId.ts';

/** Sessions whose state is kept for switching back to them; the stream then sends only what came since. */
const KEPT_SESSIONS = 12;

/**
 * The session that is open in this tab, and the tab's one connection to the gateway. `state` is immutable and replaced once
 * per frame at most; read it in computed values and watch those.
 */
export const useSession = defineStore('session', () => {
  const id = ref<string | null>(null);
  const state = shallowRef<SessionState>(emptySession);
  const connection = shallowRef<ConnectionState>({ kind: 'reconnecting', attempt: 0 });
  /** True once the whole log is here: before that, a view shows a skeleton rather than an empty conversation. */
  const loaded = ref(false);
  /** The call whose moment is looked at in the computer panel; null is live. */
  const momentCallId = ref<string | null>(null);
  /** Names this tab to the gateway, for tickets and control. */
  const viewerId = ref<string>(crypto.randomUUID());

  const kept = new Map<string, LiveState>();
  const listListeners = new Set<(change: SessionListChange) => void>();
  const liveListeners = new Set<() => void>();
  let stream: EventStream | null = null;
  const slots = createStreamSlots();
  let otherTabs: BroadcastChannel | null = null;

  /** Before the first view: settles this tab's name, which outlives a reload. */
  async function start(): Promise<void> {
    viewerId.value = await claimViewerId();
  }

  /** Opens a session, or with null only the list's part of the stream. Opening what is open does nothing. */
  function open(sessionId: string | null): void {
    if (stream && sessionId === id.value) return;
    close();
    id.value = sessionId;
    momentCallId.value = null;
    const live = sessionId === null ? null : liveStateOf(sessionId);
    live?.flush();
    state.value = live?.current() ?? emptySession;
    loaded.value = sessionId === null || state.value.seq > 0;
    const opened = openEventStream({
      sessionId,
      cursor: () => live?.cursor() ?? 0,
      fetch: (path, options) => api.fetch(path, options),
      slots,
      onState: (next) => {
        connection.value = next;
        if (next.kind === 'live') for (const listener of liveListeners) listener();
      },
      onFrame: (frame) => {
        if (frame.type === 'session') live?.event(frame.event);
        else if (frame.type === 'delta') live?.delta(frame.delta);
        else if (frame.type === 'sessions') {
          tellListeners(frame.change);
          otherTabs?.postMessage(frame.change);
        } else if (frame.type === 'synced') {
          live?.flush();
          loaded.value = true;
        }
      },
    });
    stream = opened;
    // List changes have no cursor: a tab that asks in rounds misses those in between, and hears them from one that streams.
    otherTabs = new BroadcastChannel('sandpiper-list');
    otherTabs.onmessage = ({ data: change }: MessageEvent<SessionListChange>) => {
      if (opened.asksInRounds()) tellListeners(change);
    };
  }

  function tellListeners(change: SessionListChange): void {
    for (const listener of listListeners) listener(change);
  }

  function liveStateOf(sessionId: string): LiveState {
    const live =
      kept.get(sessionId) ??
      createLiveState({
        onChange: (next) => {
          if (id.value === sessionId) state.value = next;
        },
        onGap: () => {
          if (id.value === sessionId) stream?.resync();
        },
      });
    // Re-inserted, so that the map is ordered by last use.
    kept.delete(sessionId);
    kept.set(sessionId, live);
    const oldest = kept.keys().next().value;
    if (kept.size > KEPT_SESSIONS && oldest !== undefined) forget(oldest);
    return live;
  }

  function forget(sessionId: string): void {
    kept.get(sessionId)?.close();
    kept.delete(sessionId);
  }

  function close(): void {
    stream?.close();
    stream = null;
    otherTabs?.close();
    otherTabs = null;
  }

  /** Forgets everything, at sign-out. */
  function reset(): void {
    close();
    for (const sessionId of [...kept.keys()]) forget(sessionId);
    id.value = null;
    state.value = emptySession;
  }

  const activeRun = computed(() => {
    const { activeRunId, runs } = state.value;
    return activeRunId === null ? null : (runs[activeRunId] ?? null);
  });

  /** Asks the active run to stop; it ends when its tools have died. @throws ApiError */
  async function stop(): Promise<void> {
    const runId = state.value.activeRunId;
    if (runId === null) return;
    try {
      await api.request(`${path()}/runs/${encodeURIComponent(runId)}/stop`, { method: 'POST', json: {} });
    } catch (error) {
      // It ended by itself meanwhile.
      if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 409)) throw error;
    }
  }

  /** Answers a question, or decides an approval. @throws ApiError */
  async function answer(request: AnswerRequest): Promise<void> {
    await api.request(`${path()}/answers`, { method: 'POST', json: request });
  }

  /** The model of the next runs of this session. @throws ApiError */
  async function setModel(model: ModelRef): Promise<void> {
    await api.request(path(), { method: 'PATCH', json: { model } });
  }

  function path(): string {
    if (id.value === null) throw new Error('No session is open.');
    return `sessions/${encodeURIComponent(id.value)}`;
  }

  /** Changes of the session list, as the stream tells them. @returns how to stop listening */
  function onListChange(listener: (change: SessionListChange) => void): () => void {
    listListeners.add(listener);
    return () => listListeners.delete(listener);
  }

  /** Every time the stream has (re)connected: what rides without a cursor must be fetched again. */
  function onLive(listener: () => void): () => void {
    liveListeners.add(listener);
    return () => liveListeners.delete(listener);
  }

  return {
    id,
    state,
    connection,
    loaded,
    momentCallId,
    viewerId,
    activeRun,
    start,
    open,
    close,
    reset,
    forget,
    stop,
    answer,
    setModel,
    onListChange,
    onLive,
  };
});
