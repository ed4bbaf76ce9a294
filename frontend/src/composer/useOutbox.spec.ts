import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { api, ApiError } from '../api/client.ts';
import { useOutbox } from './useOutbox.ts';

const failed = (status: number) => new ApiError(status, { code: 'ANY', message: '', retryable: true });
const keyOf = (call: Parameters<typeof api.request>) => call[1]?.headers?.['idempotency-key'];

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  setActivePinia(createPinia());
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it('a message that met a broken network is sent again, as the same message', async () => {
  const request = vi.spyOn(api, 'request').mockRejectedValueOnce(failed(0)).mockRejectedValueOnce(failed(503));
  request.mockResolvedValueOnce({ runId: 'r', messageId: 'm' });
  const outbox = useOutbox();
  outbox.submit('s', { text: 'Hello', attachments: [] });
  await vi.advanceTimersByTimeAsync(1499);
  expect(request).toHaveBeenCalledTimes(2);
  expect(outbox.messages[0]?.state).toBe('sending');
  await vi.advanceTimersByTimeAsync(1);
  expect(outbox.messages[0]?.messageId).toBe('m');
  expect(new Set(request.mock.calls.map(keyOf)).size).toBe(1);
});

it('after four attempts it says that it was not sent', async () => {
  const request = vi.spyOn(api, 'request').mockRejectedValue(failed(502));
  const outbox = useOutbox();
  outbox.submit('s', { text: 'Hello', attachments: [] });
  await vi.advanceTimersByTimeAsync(3500);
  expect(request).toHaveBeenCalledTimes(4);
  expect(outbox.messages[0]?.state).toBe('failed');
});

it('a refusal is shown at once', async () => {
  const request = vi.spyOn(api, 'request').mockRejectedValue(failed(422));
  const outbox = useOutbox();
  outbox.submit('s', { text: 'Hello', attachments: [] });
  await vi.advanceTimersByTimeAsync(0);
  expect(outbox.messages[0]?.state).toBe('failed');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(request).toHaveBeenCalledTimes(1);
});
