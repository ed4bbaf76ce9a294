import type { AuthResponse } from '@sandpiper/protocol';
import { ApiError, errorOf, envelopeOf, noAnswer } from './error.ts';

export { ApiError, sentenceOf } from './error.ts';

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is. */
  body?: BodyInit;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Lets the request outlive the page. */
  keepalive?: boolean;
}

export interface UploadOptions {
  onProgress?: (sentBytes: number) => void;
  signal?: AbortSignal;
}

/** The one way to the gateway. Paths are relative to `/api/v1/`; the access token lives in memory only. */
export interface Api {
  /** @throws ApiError for every answer that is not 2xx; `undefined` for 204 */
  request<Answer>(path: string, options?: RequestOptions): Promise<Answer>;
  /** The response itself, for bytes and streams. @throws ApiError as `request` does */
  fetch(path: string, options?: RequestOptions): Promise<Response>;
  /** PUT with progress, which `fetch` cannot tell. @throws ApiError */
  upload<Answer>(path: string, bytes: Blob, options?: UploadOptions): Promise<Answer>;
  /** Takes the tokens of a sign-in. `null` forgets them. */
  signIn(auth: AuthResponse | null): void;
  /** Asks for a new access token by the cookie. @returns null when nobody is signed in */
  refresh(): Promise<AuthResponse | null>;
  /** Called when the sign-in is over and cannot be renewed. */
  onSignedOut: (() => void) | null;
}

/** `sessions/{id}/files/{path}` with each segment percent-encoded. */
export function filePath(sessionId: string, path: string): string {
  return `sessions/${encodeURIComponent(sessionId)}/files/${path.split('/').map(encodeURIComponent).join('/')}`;
}

export function createApi(): Api {
  let token: string | null = null;
  let renewal: Promise<AuthResponse | null> | null = null;

  const api: Api = {
    onSignedOut: null,
    signIn: (auth) => (token = auth?.accessToken ?? null),

    refresh() {
      // One renewal at a time, across tabs too: the cookie is rotated at every use.
      renewal ??= alone('sandpiper.refresh', renew).finally(() => (renewal = null));
      return renewal;
    },

    async fetch(path, options = {}) {
      const used = token;
      let response = await send(path, options);
      if (response.status === 401 && !path.startsWith('auth/')) {
        // Another request may have renewed it meanwhile.
        const renewed = token !== used || (await api.refresh()) !== null;
        if (renewed) response = await send(path, options);
        if (response.status === 401) {
          token = null;
          api.onSignedOut?.();
        }
      }
      if (!response.ok) throw await errorOf(response);
      return response;
    },

    async request<Answer>(path: string, options: RequestOptions = {}) {
      const response = await api.fetch(path, options);
      return (response.status === 204 ? undefined : await response.json()) as Answer;
    },

    async upload<Answer>(path: string, bytes: Blob, options: UploadOptions = {}) {
      try {
        return await put<Answer>(url(path), token, bytes, options);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 401 || !(await api.refresh())) throw error;
        return put<Answer>(url(path), token, bytes, options);
      }
    },
  };
  return api;

  async function renew(): Promise<AuthResponse | null> {
    const response = await send('auth/refresh', { method: 'POST', json: {} });
    if (response.status === 401 || response.status === 403) return null;
    if (!response.ok) throw await errorOf(response);
    const auth = (await response.json()) as AuthResponse;
    token = auth.accessToken;
    return auth;
  }

  async function send(path: string, { json, body, headers, ...options }: RequestOptions): Promise<Response> {
    const content = json === undefined ? body : JSON.stringify(json);
    try {
      return await fetch(url(path), {
        ...options,
        credentials: 'same-origin',
        ...(content === undefined ? {} : { body: content }),
        headers: {
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...headers,
        },
      });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw noAnswer(error);
    }
  }
}

export const api = createApi();

function url(path: string): string {
  return `/api/v1/${path}`;
}

async function alone<T>(name: string, task: () => Promise<T>): Promise<T> {
  // Web Locks need a secure context; plain http on another host has none, and only risks a second sign-in.
  const locks = (navigator as Partial<Navigator>).locks;
  return locks ? locks.request(name, task) : task();
}

function put<Answer>(to: string, token: string | null, bytes: Blob, options: UploadOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', to);
    if (token) request.setRequestHeader('authorization', `Bearer ${token}`);
    if (!bytes.type) request.setRequestHeader('content-type', 'application/octet-stream');
    request.upload.onprogress = (event) => options.onProgress?.(event.loaded);
    request.onerror = () => reject(noAnswer(undefined));
    request.onabort = () => reject(new DOMException('The upload was cancelled.', 'AbortError'));
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) {
        resolve(JSON.parse(request.responseText) as Answer);
        return;
      }
      const envelope = envelopeOf(request.responseText);
      reject(
        new ApiError(
          request.status,
          envelope ?? {
            code: 'UNEXPECTED_ANSWER',
            message: `The server answered ${request.status}.`,
            retryable: false,
          },
        ),
      );
    };
    options.signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(bytes);
  });
}
