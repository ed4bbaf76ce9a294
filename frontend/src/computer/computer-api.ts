import type { ControlState, SandboxView, SystemInfo, TicketRequest, TicketResponse } from '@sandpiper/protocol';
import { api } from '../api/client.ts';

const session = (sessionId: string): string => `sessions/${encodeURIComponent(sessionId)}`;

/** The computer of a session as it is now, asked of the gateway rather than read from the log. @throws ApiError */
export const readComputer = (sessionId: string): Promise<SandboxView> => api.request(`${session(sessionId)}/sandbox`);

/** Starts or wakes the computer; its phases follow on the stream. @throws ApiError */
export const wakeComputer = (sessionId: string): Promise<SandboxView> =>
  api.request(`${session(sessionId)}/sandbox/wake`, { method: 'POST', json: {} });

/** @throws ApiError */
export const suspendComputer = (sessionId: string): Promise<SandboxView> =>
  api.request(`${session(sessionId)}/sandbox/suspend`, { method: 'POST', json: {} });

/** @throws ApiError, `CONTROL_HELD` when another tab has it and `force` is not set */
export const takeControl = (sessionId: string, viewerId: string, force: boolean): Promise<ControlState> =>
  api.request(`${session(sessionId)}/control`, { method: 'POST', json: { action: 'take', viewerId, force } });

/** @throws ApiError */
export const releaseControl = (sessionId: string, viewerId: string): Promise<ControlState> =>
  api.request(`${session(sessionId)}/control`, {
    method: 'POST',
    json: { action: 'release', viewerId },
    keepalive: true,
  });

/** What this installation can do, and what it lacks. @throws ApiError */
export const readSystem = (): Promise<SystemInfo> => api.request('system');

/** The bytes of what was seen during a call. @throws ApiError */
export async function readArtefact(sessionId: string, artefactId: string, signal?: AbortSignal): Promise<Blob> {
  const path = `${session(sessionId)}/artefacts/${encodeURIComponent(artefactId)}`;
  const response = await api.fetch(path, signal ? { signal } : {});
  return response.blob();
}

/**
 * Fetches a ticket and returns the address to open with it. A ticket is good for one connect within seconds, so this is called
 * for every connect.
 *
 * @throws ApiError
 */
export async function socketUrl(sessionId: string, request: TicketRequest, signal: AbortSignal): Promise<string> {
  const { url } = await api.request<TicketResponse>(`${session(sessionId)}/tickets`, {
    method: 'POST',
    json: request,
    signal,
  });
  const absolute = new URL(url, location.href);
  absolute.protocol = absolute.protocol === 'https:' ? 'wss:' : 'ws:';
  return absolute.href;
}
