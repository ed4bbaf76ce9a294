import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { authResponse, sessionSummary, type SessionSummary } from '@sandpiper/protocol';
import { pino } from 'pino';
import { createGateway, type AgentSurroundings, type Gateway, type GatewayParts } from '../gateway.ts';
import { createScriptedAgent } from './scripted-agent.ts';

export interface TestGateway {
  readonly gateway: Gateway;
  readonly url: string;
  readonly dataDir: string;
  /** The hub and the stores behind it, to say what happens. */
  readonly surroundings: AgentSurroundings;
  /** What was logged, parsed. */
  readonly logged: Record<string, unknown>[];
  /** Signs the local person in with a one-time code. */
  signIn(): Promise<TestUser>;
  register(email: string): Promise<TestUser>;
  /** Stops it and starts another on the same data. */
  restart(): Promise<TestGateway>;
  close(): Promise<void>;
}

export interface TestUser {
  readonly token: string;
  /** A request below `/api/v1`; `body` is sent as JSON. */
  call(method: string, route: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  createSession(): Promise<SessionSummary>;
}

/** A real gateway on a real port with a real database, in a folder of its own. */
export async function startTestGateway(overrides: Partial<GatewayParts> = {}, dataDir?: string): Promise<TestGateway> {
  const dir = dataDir ?? (await mkdtemp(path.join(tmpdir(), 'sandpiper-gateway-')));
  const logged: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  let surroundings: AgentSurroundings | undefined;
  const gateway = await createGateway({
    version: '0.0.0-test',
    dataDir: dir,
    secret: 'a secret of thirty-two bytes or more',
    registration: true,
    log,
    createAgent(given) {
      surroundings = given;
      return createScriptedAgent(given);
    },
    ...overrides,
  });
  const url = await gateway.listen({ host: '127.0.0.1', port: 0 });
  if (!surroundings) throw new Error('The gateway made no agent.');

  const post = (route: string, body: unknown): Promise<Response> =>
    fetch(`${url}/api/v1${route}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
  return {
    gateway,
    url,
    dataDir: dir,
    surroundings,
    logged,
    signIn: async () => userOf(url, await post('/auth/login', { code: gateway.auth.issueLoginCode().code })),
    register: async (email) => userOf(url, await post('/auth/register', { email, password: 'correct horse' })),
    async restart() {
      await gateway.close();
      return startTestGateway(overrides, dir);
    },
    async close() {
      await gateway.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function userOf(url: string, response: Response): Promise<TestUser> {
  if (!response.ok) throw new Error(`sign-in: ${response.status} ${await response.text()}`);
  const { accessToken: token } = authResponse.parse(await response.json());
  const call: TestUser['call'] = (method, route, body, headers = {}) =>
    fetch(`${url}/api/v1${route}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  return {
    token,
    call,
    createSession: async () => sessionSummary.parse(await (await call('POST', '/sessions', {})).json()),
  };
}
