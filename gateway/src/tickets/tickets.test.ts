import { beforeEach, describe, expect, test } from 'vitest';
import { createMemoryTicketStore, createTickets } from './tickets.ts';
import type { TicketClaims, Tickets } from './tickets.ts';

const claims: TicketClaims = {
  userId: 'u',
  userName: 'Ada',
  sessionId: 's',
  kind: 'vnc',
  mode: 'view',
  viewerId: 'tab',
};
let now = 0;
let tickets: Tickets;

beforeEach(() => {
  now = 1_000;
  tickets = createTickets(
    createMemoryTicketStore(() => now),
    () => now,
  );
});

describe('a ticket', () => {
  test('gives back what it was issued for, once', async () => {
    const { ticket } = await tickets.issue(claims);
    await expect(tickets.redeem(ticket, 'vnc')).resolves.toEqual(claims);
    await expect(tickets.redeem(ticket, 'vnc')).rejects.toMatchObject({ code: 'TICKET_INVALID', status: 401 });
  });

  test('of two connects at once, one opens', async () => {
    const { ticket } = await tickets.issue(claims);
    const results = await Promise.allSettled([tickets.redeem(ticket, 'vnc'), tickets.redeem(ticket, 'vnc')]);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  test('lives for at most a minute', async () => {
    const { ticket, expiresAtMs } = await tickets.issue(claims);
    expect(expiresAtMs - now).toBeLessThanOrEqual(60_000);
    now = expiresAtMs;
    await expect(tickets.redeem(ticket, 'vnc')).rejects.toMatchObject({ code: 'TICKET_INVALID' });
  });

  test('of one kind does not open the other, and is spent by the attempt', async () => {
    const { ticket } = await tickets.issue(claims);
    await expect(tickets.redeem(ticket, 'terminal')).rejects.toMatchObject({ code: 'TICKET_INVALID' });
    await expect(tickets.redeem(ticket, 'vnc')).rejects.toMatchObject({ code: 'TICKET_INVALID' });
  });

  test.each(['', 'x', '../../etc', 'a'.repeat(100_000)])('made up (%#) is refused', async (made) => {
    await expect(tickets.redeem(made, 'vnc')).rejects.toMatchObject({ code: 'TICKET_INVALID' });
  });
});

test('a flood of tickets does not grow the store without bound', async () => {
  const store = createMemoryTicketStore(() => now, 100);
  const flooded = createTickets(store, () => now);
  const first = await flooded.issue(claims);
  for (let index = 0; index < 1_000; index++) await flooded.issue(claims);
  await expect(flooded.redeem(first.ticket, 'vnc')).rejects.toMatchObject({ code: 'TICKET_INVALID' });
});
