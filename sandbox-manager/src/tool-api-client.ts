import http from 'node:http';
import { z } from 'zod';
import type { SuspendAnswer } from '@sandpiper/lifecycle';

/** Proves to a sandbox that the manager asks; see `@sandpiper/capability`. */
export interface TokenSigner {
  sign(grant: { uid: string; scopes: readonly 'lifecycle'[] }): string;
}

/** The few calls that a manager makes to tool-api. A sandbox is hostile: its answers are bounded in size, time and type. */
export interface ToolApiClient {
  /** Whether it listens at all. */
  isHealthy(address: string, timeoutMs: number): Promise<boolean>;
  /** Whether X, the window manager, VNC and the browser have answered. */
  isDesktopReady(address: string, timeoutMs: number): Promise<boolean>;
  /** Asks whether it has been idle for long enough, and to take no more work if so. */
  suspend(
    target: { address: string; uid: string },
    ifIdleForMs: number,
  ): Promise<Pick<SuspendAnswer, 'agreed' | 'idleForMs'>>;
  /** Lets it take work again. */
  reopen(target: { address: string; uid: string }): Promise<void>;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const CALL_TIMEOUT_MS = 5_000;

const component = z.enum(['ready', 'starting', 'failed', 'off']);
const readiness = z.object({
  status: z.string(),
  components: z.object({ x: component, windowManager: component, vnc: component, browser: component }),
});
const suspendAnswer = z.object({ agreed: z.boolean(), idleForMs: z.number().min(0) });

export function createToolApiClient(signer: TokenSigner): ToolApiClient {
  const bearer = (uid: string): Record<string, string> => ({
    authorization: `Bearer ${signer.sign({ uid, scopes: ['lifecycle'] })}`,
  });
  return {
    async isHealthy(address, timeoutMs) {
      const answer = await call(address, { method: 'GET', path: '/healthz', timeoutMs }).catch(() => undefined);
      return answer?.status === 200;
    },
    async isDesktopReady(address, timeoutMs) {
      const answer = await call(address, { method: 'GET', path: '/readyz', timeoutMs }).catch(() => undefined);
      const parsed = readiness.safeParse(answer?.body);
      if (answer?.status !== 200 || !parsed.success) return false;
      return Object.values(parsed.data.components).every((state) => state === 'ready');
    },
    async suspend({ address, uid }, ifIdleForMs) {
      const answer = await call(address, {
        method: 'POST',
        path: '/v1/suspend',
        headers: bearer(uid),
        body: { ifIdleForMs },
        timeoutMs: CALL_TIMEOUT_MS,
      });
      if (answer.status !== 200) throw new Error(`tool-api answered ${answer.status} to a request to suspend.`);
      return suspendAnswer.parse(answer.body);
    },
    async reopen({ address, uid }) {
      const request = { method: 'DELETE', path: '/v1/suspend', headers: bearer(uid), timeoutMs: CALL_TIMEOUT_MS };
      const { status } = await call(address, request);
      if (status >= 300) throw new Error(`tool-api answered ${status} to a request to take work again.`);
    },
  };
}

interface Call {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: unknown;
  timeoutMs: number;
}

/** One request on a connection of its own: a kept one would hide that the listener has gone. */
async function call(address: string, request: Call): Promise<{ status: number; body: unknown }> {
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const headers = {
    ...request.headers,
    ...(body !== undefined && {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    }),
  };
  const signal = AbortSignal.timeout(request.timeoutMs);
  const { method, path } = request;
  const options = { ...target(address), method, path, headers, agent: false as const, signal };

  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const outgoing = http.request(options, resolve);
    outgoing.on('error', reject);
    outgoing.end(body);
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error('tool-api sent an answer that is too long.');
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: parseJson(Buffer.concat(chunks).toString('utf8')) };
}

function target(address: string): http.RequestOptions {
  if (address.startsWith('unix:')) return { socketPath: address.slice('unix:'.length), host: 'sandbox' };
  const { hostname, port } = new URL(address);
  return { host: hostname, port };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
