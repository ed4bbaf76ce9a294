import {
  controlLease,
  readiness,
  sessionSetupAnswer,
  suspendAnswer,
  type CommandStreamEvent,
  type ControlLease,
  type ControlLeaseRequest,
  type Readiness,
  type SessionSetup,
  type SuspendAnswer,
  type ToolContract,
  type ToolOutput,
} from '@sandpiper/protocol';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { followCommand, type FollowOptions } from './command-stream.ts';
import { createInstanceFiles, type CallOptions, type InstanceFiles } from './files.ts';
import { openSocket, type OpenSocketOptions } from './open-socket.ts';
import { openStream, type InstanceStream, type OpenStreamOptions } from './open-stream.ts';
import { createTransport, type InstanceAddress, type SendOptions } from './transport.ts';

export interface ToolCallOptions extends CallOptions {
  /** On whose behalf; becomes `sub` of the token. */
  subject?: string;
}

/**
 * A sandbox as the gateway and the manager use it. Answers are taken for hostile: bounded in size, parsed by shape, never a redirect.
 * Every method throws CodedErrors: the sandbox's own, or INSTANCE_UNREACHABLE, INSTANCE_TIMEOUT (both retryable),
 * INSTANCE_ANSWER_INVALID, INSTANCE_ANSWER_TOO_LARGE, INSTANCE_REFUSED; an abort throws the signal's reason.
 */
export interface InstanceClient extends InstanceFiles {
  readonly address: string;
  readonly uid: string;
  /** Calls a tool and checks its output. Aborting ends what it does: a command's processes die. */
  callTool<C extends ToolContract>(
    contract: C,
    input: z.input<C['input']>,
    options?: ToolCallOptions,
  ): Promise<ToolOutput<C>>;
  /** The same by name, for a model's calls: the output is some JSON object. */
  callTool(name: string, input: unknown, options?: ToolCallOptions): Promise<unknown>;
  /** Whether tool-api listens; false instead of an error. */
  health(options?: CallOptions): Promise<boolean>;
  /** Component states, ready or not. */
  ready(options?: CallOptions): Promise<Readiness>;
  suspend(request: { ifIdleForMs: number }, options?: CallOptions): Promise<SuspendAnswer>;
  /** Lets it take work again after it agreed to be suspended. */
  reopen(options?: CallOptions): Promise<void>;
  keepAwake(request: { forMs: number }, options?: CallOptions): Promise<void>;
  /** Environment and files of a session, once per instance; the same again changes nothing. */
  applySession(setup: SessionSetup, options?: CallOptions): Promise<{ applied: boolean }>;
  /** Takes, renews or releases control of the desktop for a person. */
  control(request: ControlLeaseRequest, options?: CallOptions): Promise<ControlLease>;
  followCommand(commandId: string, options?: FollowOptions): AsyncGenerator<CommandStreamEvent>;
  /** `/v1/pty?cols=&rows=`. Handed over paused: call `resume()` when listening. */
  openSocket(path: string, options: OpenSocketOptions): Promise<WebSocket>;
  /** `/v1/vnc` as `rfb`: bytes without frames. Handed over unread. */
  openStream(path: string, options: OpenStreamOptions): Promise<InstanceStream>;
  /** Cuts everything that is open but WebSockets and streams, which belong to their takers. */
  close(): Promise<void>;
}

const SHORT_MS = 10_000;
/** shell_run may wait ten minutes for its command. */
const TOOL_MS = 11 * 60_000;

/** Makes a client; it connects when it is first used, and keeps its connections. */
export function createInstanceClient(instance: InstanceAddress): InstanceClient {
  const transport = createTransport(instance);
  const short = (method: SendOptions['method'], path: string, options: CallOptions = {}): SendOptions => ({
    method,
    path,
    signal: options.signal,
    timeoutMs: SHORT_MS,
  });
  const sendOnly = async (options: SendOptions): Promise<void> => {
    const answer = await transport.send(options);
    answer.body.resume();
  };

  return {
    address: instance.address,
    uid: instance.uid,
    ...createInstanceFiles(transport),
    callTool(tool: ToolContract | string, input: unknown, { signal, subject }: ToolCallOptions = {}): Promise<never> {
      const name = typeof tool === 'string' ? tool : tool.name;
      const schema: z.ZodType = typeof tool === 'string' ? z.record(z.string(), z.unknown()) : tool.output;
      return transport.sendJson(schema, {
        method: 'POST',
        path: `/v1/tools/${encodeURIComponent(name)}`,
        scope: 'tools',
        subject,
        body: input ?? {},
        signal,
        timeoutMs: TOOL_MS,
      }) as Promise<never>;
    },
    async health(options) {
      try {
        await sendOnly(short('GET', '/healthz', options));
        return true;
      } catch {
        options?.signal?.throwIfAborted();
        return false;
      }
    },
    ready: (options) => transport.sendJson(readiness, { ...short('GET', '/readyz', options), accept: [503] }),
    suspend: (body, options) =>
      transport.sendJson(suspendAnswer, { ...short('POST', '/v1/suspend', options), scope: 'lifecycle', body }),
    reopen: (options) => sendOnly({ ...short('DELETE', '/v1/suspend', options), scope: 'lifecycle' }),
    keepAwake: (body, options) => sendOnly({ ...short('POST', '/v1/keep-awake', options), scope: 'session', body }),
    applySession: (body, options) =>
      transport.sendJson(sessionSetupAnswer, { ...short('POST', '/v1/session', options), scope: 'session', body }),
    control: (body, options) =>
      transport.sendJson(controlLease, { ...short('POST', '/v1/control', options), scope: 'control', body }),
    followCommand: (commandId, options) => followCommand(transport, commandId, options),
    openSocket: (path, options) => openSocket(transport, instance.address, path, options),
    openStream: (path, options) => openStream(transport, instance.address, path, options),
    close: () => transport.close(),
  };
}
