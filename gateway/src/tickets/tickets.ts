import { createHash, randomBytes } from 'node:crypto';
import { defineErrors } from '@sandpiper/protocol';

export const ticketErrors = defineErrors({
  TICKET_INVALID: {
    status: 401,
    message: 'This ticket is unknown, used or expired.',
    hint: 'A ticket opens one connection within 30 seconds; fetch a new one for every connect.',
  },
});

/** What a ticket was given for; a connection that redeems it may do this and no more. */
export interface TicketClaims {
  userId: string;
  userName: string;
  sessionId: string;
  kind: 'vnc' | 'terminal';
  mode: 'view' | 'control';
  viewerId: string;
}

export interface IssuedTicket {
  ticket: string;
  /** Epoch ms. */
  expiresAtMs: number;
}

/** Where tickets wait to be redeemed. `take` removes and answers in one step, so that of two connects one fails. */
export interface TicketStore {
  put(key: string, claims: TicketClaims, expiresAtMs: number): Promise<void>;
  take(key: string): Promise<{ claims: TicketClaims; expiresAtMs: number } | undefined>;
}

export interface Tickets {
  issue(claims: TicketClaims): Promise<IssuedTicket>;
  /** Throws `TICKET_INVALID`: unknown, of another kind, expired, or redeemed before. */
  redeem(ticket: string, kind: TicketClaims['kind']): Promise<TicketClaims>;
}

const LIFETIME_MS = 30_000;

/** One-time passes by which a WebSocket, which can carry no Authorization header, proves who opens it. */
export function createTickets(store: TicketStore, now: () => number = Date.now): Tickets {
  return {
    async issue(claims) {
      const ticket = randomBytes(32).toString('base64url');
      const expiresAtMs = now() + LIFETIME_MS;
      await store.put(keyOf(ticket), claims, expiresAtMs);
      return { ticket, expiresAtMs };
    },
    async redeem(ticket, kind) {
      const found = await store.take(keyOf(ticket));
      if (found === undefined || found.expiresAtMs <= now() || found.claims.kind !== kind)
        throw ticketErrors.TICKET_INVALID();
      return found.claims;
    },
  };
}

/** Only the hash is kept: whoever reads the store cannot redeem what waits there, and look-ups leak no timing. */
const keyOf = (ticket: string): string => createHash('sha256').update(ticket).digest('base64url');

/** Tickets of one replica, in memory. A ticket lives for seconds, so a restart costs one more fetch. */
export function createMemoryTicketStore(now: () => number = Date.now, capacity = 10_000): TicketStore {
  const held = new Map<string, { claims: TicketClaims; expiresAtMs: number }>();
  const sweep = (): void => {
    for (const [key, entry] of held) if (entry.expiresAtMs <= now() || held.size > capacity) held.delete(key);
  };
  return {
    put(key, claims, expiresAtMs) {
      held.set(key, { claims, expiresAtMs });
      if (held.size % 256 === 0 || held.size > capacity) sweep();
      return Promise.resolve();
    },
    take(key) {
      const entry = held.get(key);
      held.delete(key);
      return Promise.resolve(entry);
    },
  };
}
