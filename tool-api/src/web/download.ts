import { CodedError } from '@sandpiper/protocol';
import { webErrors } from './errors.ts';

export interface Downloaded {
  /** After redirects. */
  url: string;
  status: number;
  /** Lower case, without parameters; empty when the server did not say. */
  contentType: string;
  /** As the server named it. */
  charset: string | undefined;
  bytes: Buffer;
}

interface DownloadOptions {
  signal: AbortSignal;
  timeoutMs: number;
  accept: string;
}

export const LIMIT_BYTES = 5 * 1024 * 1024;
const MAX_REDIRECTS = 5;
const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Sandpiper/0.1';

/**
 * Gets a URL: at most 5 MB, 5 redirects, and `timeoutMs` for all of it. Where it may connect to is the network policy's business.
 *
 * @throws `WEB_URL_INVALID`, `WEB_UNREACHABLE`, `WEB_TIMEOUT`, `WEB_TOO_LARGE`, `WEB_REDIRECTS`
 */
export async function download(address: string, { signal, timeoutMs, accept }: DownloadOptions): Promise<Downloaded> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let url = httpUrl(address, address);
  try {
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const response = await fetch(url.href, {
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
        headers: { accept, 'accept-language': 'en,*;q=0.5', 'user-agent': USER_AGENT },
      });
      const location = response.headers.get('location');
      if (response.status < 300 || response.status >= 400 || location === null) return await read(response, url.href);
      await response.body?.cancel();
      url = httpUrl(URL.canParse(location, url.href) ? new URL(location, url).href : location, location);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof CodedError) throw error;
    if (timeout.aborted) throw webErrors.WEB_TIMEOUT({ host: url.host, timeoutMs }, { cause: error });
    throw webErrors.WEB_UNREACHABLE({ host: url.host, reason: reasonOf(error) }, { cause: error });
  }
  throw webErrors.WEB_REDIRECTS({ url: address, limit: MAX_REDIRECTS });
}

function httpUrl(address: string, shown: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') throw webErrors.WEB_URL_INVALID({ url: shown });
  return url;
}

async function read(response: Response, url: string): Promise<Downloaded> {
  const [contentType = '', ...parameters] = (response.headers.get('content-type') ?? '').split(';');
  const charset = parameters
    .map((each) => /^\s*charset="?([^"\s]+)/i.exec(each)?.[1])
    .find((name) => name !== undefined);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    // Leaving the loop cancels the body.
    if (size > LIMIT_BYTES) throw webErrors.WEB_TOO_LARGE({ url, limitBytes: LIMIT_BYTES });
    chunks.push(chunk);
  }
  return {
    url,
    status: response.status,
    contentType: contentType.trim().toLowerCase(),
    charset,
    bytes: Buffer.concat(chunks),
  };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  const reasons: Record<string, string> = {
    ENOTFOUND: 'the name is unknown, or the sandbox has no network',
    EAI_AGAIN: 'names cannot be resolved; the sandbox has no network',
    ENETUNREACH: 'the sandbox has no network',
    EHOSTUNREACH: 'the address cannot be reached from the sandbox',
    ECONNREFUSED: 'nothing listens there, or the network policy forbids it',
    ECONNRESET: 'the connection was cut off',
    UND_ERR_CONNECT_TIMEOUT: 'the connection could not be made in time',
  };
  const reason = code === undefined ? undefined : reasons[code];
  if (reason !== undefined) return `${reason} (${code})`;
  return cause instanceof Error ? cause.message : String(cause);
}
