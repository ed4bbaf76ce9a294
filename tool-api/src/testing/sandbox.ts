import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSigner, generateKeyPair, type Issuer, type Scope } from '@sandpiper/capability';
import { pino } from 'pino';
import { Agent } from 'undici';
import { startToolApi } from '../app.ts';
import { readConfig } from '../config.ts';

export interface TestSandbox {
  readonly uid: string;
  /** The Unix socket of the real server. */
  readonly socketPath: string;
  readonly workspace: string;
  readonly scratch: string;
  readonly runDir: string;
  token(scopes: readonly Scope[], issuer?: Issuer): string;
  /** One HTTP request; `scopes` null sends no token. Paths go out as they are, never normalised. */
  send(method: string, path: string, options?: SendOptions): Promise<Answer>;
  /** Calls a tool and returns its output; a refusal is thrown as `CODE: message`. */
  call(name: string, input?: unknown, options?: { signal?: AbortSignal }): Promise<never>;
  close(): Promise<void>;
}

export interface SendOptions {
  scopes?: readonly Scope[] | null;
  issuer?: Issuer;
  token?: string;
  headers?: Record<string, string>;
  body?: unknown;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  bytes: Buffer;
  text: string;
  json: never;
}

/** A real tool-api on a Unix socket in a temporary directory, without a desktop unless `env` says otherwise. */
export async function startTestSandbox(env: Record<string, string> = {}): Promise<TestSandbox> {
  const directory = await mkdtemp(path.join(tmpdir(), 'sandbox-'));
  const [runDir, keysDir, workspace, scratch] = ['run', 'keys', 'home', 'scratch'].map((name) =>
    path.join(directory, name),
  ) as [string, string, string, string];
  for (const folder of [runDir, keysDir, workspace, scratch]) await mkdir(folder);
  const signers = Object.fromEntries(
    await Promise.all(
      (['gateway', 'manager', 'operator'] as const).map(async (issuer) => {
        const pair = generateKeyPair();
        await writeFile(path.join(keysDir, `${issuer}.${pair.kid}.pem`), pair.publicKeyPem);
        return [issuer, createSigner({ ...pair, issuer })] as const;
      }),
    ),
  );
  const uid = 'test-instance';
  const socketPath = path.join(runDir, 'tool.sock');
  const config = readConfig({
    SANDPIPER_UID: uid,
    SANDPIPER_LISTEN: `unix:${socketPath}`,
    SANDPIPER_RUN_DIR: runDir,
    SANDPIPER_KEYS_DIR: keysDir,
    SANDPIPER_WORKSPACE: workspace,
    SANDPIPER_SCRATCH: scratch,
    SANDPIPER_DESKTOP: 'false',
    ...env,
  });
  const toolApi = await startToolApi(config, pino({ level: 'silent' }), '0.0.0-test');
  const agent = new Agent({ connect: { socketPath }, headersTimeout: 0, bodyTimeout: 0 });

  const token = (scopes: readonly Scope[], issuer: Issuer = 'gateway'): string => {
    const signer = signers[issuer];
    if (!signer) throw new Error(`No key of ${issuer}.`);
    return signer.sign({ uid, scopes });
  };
  const send = async (method: string, target: string, options: SendOptions = {}): Promise<Answer> => {
    const { scopes = ['tools', 'files', 'session', 'lifecycle'], headers, body, signal, issuer } = options;
    const bearer = options.token ?? (scopes === null ? undefined : token(scopes, issuer));
    const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
    const response = await agent.request({
      origin: 'http://sandbox',
      path: target,
      method: method,
      headers: { ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }), ...headers },
      body: body === undefined ? null : isRaw ? body : JSON.stringify(body),
      ...(signal ? { signal } : {}),
    });
    const bytes = Buffer.from(await response.body.arrayBuffer());
    const text = bytes.toString('utf8');
    const isJson = String(response.headers['content-type']).startsWith('application/json');
    return {
      status: response.statusCode,
      headers: response.headers,
      bytes,
      text,
      json: (isJson && text ? JSON.parse(text) : undefined) as never,
    };
  };

  return {
    uid,
    socketPath,
    workspace,
    scratch,
    runDir,
    token,
    send,
    async call(name, input = {}, { signal } = {}) {
      const answer = await send('POST', `/v1/tools/${name}`, { body: input, ...(signal ? { signal } : {}) });
      if (answer.status === 200) return answer.json;
      const { code, message } = answer.json as { code: string; message: string };
      throw new Error(`${code}: ${message}`);
    },
    async close() {
      await toolApi.close();
      await agent.destroy();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
