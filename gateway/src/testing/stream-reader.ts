import { request, type ClientRequest } from 'node:http';
import {
  applyDelta,
  emptySession,
  reduce,
  type Delta,
  type SessionEvent,
  type SessionListChange,
  type SessionState,
} from '@sandpiper/protocol';

export interface Frame {
  name: string;
  id?: number;
  data: unknown;
}

/** Reads a session as a tab does: one stream at a time, resumed at the last event it got; keeps all it saw. */
export class StreamReader {
  readonly events: SessionEvent[] = [];
  readonly listChanges: SessionListChange[] = [];
  readonly frames: Frame[] = [];
  state: SessionState = emptySession;
  /** Called after every frame. */
  onFrame: (frame: Frame) => void = () => undefined;
  readonly #url: string;
  readonly #token: string;
  readonly #sessionId: string | undefined;
  #request: ClientRequest | undefined;
  #waiters: { until: () => boolean; resolve: () => void }[] = [];

  constructor(url: string, token: string, sessionId?: string) {
    this.#url = url;
    this.#token = token;
    this.#sessionId = sessionId;
  }

  /**
   * @param how  which of the two ways to say the cursor
   * @returns when the stream is open
   */
  connect(how: 'header' | 'query' = 'header'): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const url = new URL('/api/v1/events', this.#url);
    if (this.#sessionId !== undefined) url.searchParams.set('session', this.#sessionId);
    const headers: Record<string, string> = { Authorization: `Bearer ${this.#token}` };
    if (how === 'query') url.searchParams.set('after', String(this.state.seq));
    else if (this.state.seq > 0) headers['Last-Event-ID'] = String(this.state.seq);
    const mine = request(url, { headers, agent: false }, (response) => {
      resolve(undefined);
      let held = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        // What was on the way when the connection was cut never arrives.
        if (this.#request !== mine) return;
        const parts = (held + chunk).split('\n\n');
        held = parts.pop() ?? '';
        for (const part of parts) this.#take(parseFrame(part));
      });
      response.on('error', () => undefined);
    });
    mine.on('error', () => undefined);
    mine.end();
    this.#request = mine;
    return promise;
  }

  cut(): void {
    this.#request?.destroy();
    this.#request = undefined;
  }

  /** Resolves when `until` holds after some frame, or at once. */
  async waitFor(until: () => boolean): Promise<void> {
    if (until()) return;
    await new Promise<void>((resolve) => this.#waiters.push({ until, resolve }));
  }

  #take(frame: Frame): void {
    this.frames.push(frame);
    if (frame.name === 'session') {
      const event = frame.data as SessionEvent;
      if (frame.id !== event.seq) throw new Error('The id of a frame is the number of its event.');
      this.events.push(event);
      this.state = reduce(this.state, [event]);
    }
    if (frame.name === 'delta' || frame.name === 'partial') this.state = applyDelta(this.state, frame.data as Delta);
    if (frame.name === 'sessions') this.listChanges.push(frame.data as SessionListChange);
    this.onFrame(frame);
    const ready = this.#waiters.filter(({ until }) => until());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}

function parseFrame(text: string): Frame {
  const fields = Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const { event: name = '', id, data = 'null' } = fields;
  return { name, data: JSON.parse(data) as unknown, ...(id !== undefined && { id: Number(id) }) };
}
