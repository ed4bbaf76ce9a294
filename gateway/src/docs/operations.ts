import {
  answerRequest,
  authResponse,
  controlRequest,
  controlResponse,
  createSessionRequest,
  eventPage,
  fileEntry,
  fileListing,
  fileOperation,
  loginRequest,
  mcpServersResponse,
  modelsResponse,
  registerRequest,
  sandboxView,
  sessionPage,
  sessionSummary,
  startRunRequest,
  startRunResponse,
  systemInfo,
  ticketRequest,
  ticketResponse,
  updateSessionRequest,
  user,
} from '@sandpiper/protocol';
import { z } from 'zod';

/** One route of the public API, as its documentation tells it. */
export interface Operation {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Below `/api/v1`, parameters in braces. */
  path: string;
  tag: string;
  summary: string;
  /** More than a line, where that is not enough. */
  description?: string;
  /** Without sign-in. */
  open?: boolean;
  query?: z.ZodObject;
  headers?: z.ZodObject;
  body?: z.ZodType;
  /** What comes back, by status; a string is a media type whose content has no schema. */
  answers: Record<number, z.ZodType | string | null>;
}

const bytes = 'application/octet-stream';
const ifMatch = z.object({ 'If-Match': z.string().optional(), 'If-None-Match': z.literal('*').optional() });

/** Every route, in the order of the reference. A test holds them against the routes that really answer. */
export const operations: readonly Operation[] = [
  {
    method: 'get',
    path: '/system',
    tag: 'System',
    summary: 'What this installation can do',
    open: true,
    answers: { 200: systemInfo },
  },
  { method: 'get', path: '/models', tag: 'System', summary: 'Models to choose from', answers: { 200: modelsResponse } },
  {
    method: 'get',
    path: '/mcp/servers',
    tag: 'System',
    summary: 'MCP servers and their tools',
    answers: { 200: mcpServersResponse },
  },

  {
    method: 'post',
    path: '/auth/register',
    tag: 'Accounts',
    summary: 'Register',
    open: true,
    body: registerRequest,
    answers: { 201: authResponse },
  },
  {
    method: 'post',
    path: '/auth/login',
    tag: 'Accounts',
    summary: 'Sign in, with a password or a one-time code',
    description:
      'The access token goes into `Authorization: Bearer` for 15 minutes; the cookie that comes with it renews it.',
    open: true,
    body: loginRequest,
    answers: { 200: authResponse },
  },
  {
    method: 'post',
    path: '/auth/refresh',
    tag: 'Accounts',
    summary: 'A new access token for the cookie',
    open: true,
    answers: { 200: authResponse },
  },
  { method: 'post', path: '/auth/logout', tag: 'Accounts', summary: 'Sign out', open: true, answers: { 204: null } },
  { method: 'get', path: '/auth/me', tag: 'Accounts', summary: 'Who is signed in', answers: { 200: user } },

  {
    method: 'post',
    path: '/sessions',
    tag: 'Sessions',
    summary: 'Begin a session',
    body: createSessionRequest,
    answers: { 201: sessionSummary },
  },
  {
    method: 'get',
    path: '/sessions',
    tag: 'Sessions',
    summary: 'Sessions, latest change first',
    query: z.object({ cursor: z.string().optional(), limit: z.int().min(1).max(100).default(30) }),
    answers: { 200: sessionPage },
  },
  { method: 'get', path: '/sessions/{id}', tag: 'Sessions', summary: 'One session', answers: { 200: sessionSummary } },
  {
    method: 'patch',
    path: '/sessions/{id}',
    tag: 'Sessions',
    summary: 'Change title or model',
    body: updateSessionRequest,
    answers: { 200: sessionSummary },
  },
  {
    method: 'delete',
    path: '/sessions/{id}',
    tag: 'Sessions',
    summary: 'Delete a session, its computer and its files',
    answers: { 204: null },
  },
  {
    method: 'get',
    path: '/sessions/{id}/events',
    tag: 'Sessions',
    summary: 'The log of a session, by pages',
    query: z.object({ after: z.int().min(0).default(0), limit: z.int().min(1).max(1000).default(200) }),
    answers: { 200: eventPage },
  },
  {
    method: 'get',
    path: '/events',
    tag: 'Sessions',
    summary: 'The event stream of one tab',
    description:
      'Server-Sent Events: `session` (a stored event, with its number as id), `partial` and `delta` (growing texts), `synced`, `sessions` (changes of the list), `ping`. Resumed by `Last-Event-ID` or `after`.',
    query: z.object({ session: z.string().optional(), after: z.int().min(0).optional() }),
    answers: { 200: 'text/event-stream' },
  },
  {
    method: 'get',
    path: '/sessions/{id}/artefacts/{artefactId}',
    tag: 'Sessions',
    summary: 'What was seen during a tool call',
    answers: { 200: bytes },
  },

  {
    method: 'post',
    path: '/sessions/{id}/runs',
    tag: 'Runs',
    summary: 'Say something; the agent sets to work',
    description: 'Answers at once; the run goes on without the connection. The same key again starts no second run.',
    headers: z.object({ 'Idempotency-Key': z.string().min(1).max(200) }),
    body: startRunRequest,
    answers: { 202: startRunResponse },
  },
  {
    method: 'post',
    path: '/sessions/{id}/runs/{runId}/stop',
    tag: 'Runs',
    summary: 'Stop a run, wherever it is',
    answers: { 204: null },
  },
  {
    method: 'post',
    path: '/sessions/{id}/answers',
    tag: 'Runs',
    summary: 'Answer a question or an approval',
    body: answerRequest,
    answers: { 204: null },
  },

  {
    method: 'get',
    path: '/sessions/{id}/sandbox',
    tag: 'Computer',
    summary: 'How the computer is',
    answers: { 200: sandboxView },
  },
  {
    method: 'post',
    path: '/sessions/{id}/sandbox/suspend',
    tag: 'Computer',
    summary: 'Let it rest; files stay',
    answers: { 200: sandboxView },
  },
  {
    method: 'post',
    path: '/sessions/{id}/sandbox/wake',
    tag: 'Computer',
    summary: 'Start it',
    answers: { 200: sandboxView },
  },
  {
    method: 'post',
    path: '/sessions/{id}/tickets',
    tag: 'Computer',
    summary: 'A one-time ticket for a WebSocket',
    description: 'Opens `/ws/vnc` or `/ws/terminal` once, within 30 seconds.',
    body: ticketRequest,
    answers: { 201: ticketResponse },
  },
  {
    method: 'post',
    path: '/sessions/{id}/control',
    tag: 'Computer',
    summary: 'Take or release mouse and keyboard',
    body: controlRequest,
    answers: { 200: controlResponse },
  },

  {
    method: 'get',
    path: '/sessions/{id}/files/{path}',
    tag: 'Files',
    summary: 'A folder as JSON, or the bytes of a file (Range, ETag)',
    query: z.object({ download: z.literal('1').optional() }),
    answers: { 200: fileListing, 206: bytes },
  },
  {
    method: 'put',
    path: '/sessions/{id}/files/{path}',
    tag: 'Files',
    summary: 'Write a file, whole or not at all',
    headers: ifMatch,
    body: z.string().meta({ format: 'binary' }),
    answers: { 200: fileEntry, 201: fileEntry },
  },
  {
    method: 'delete',
    path: '/sessions/{id}/files/{path}',
    tag: 'Files',
    summary: 'Delete a file or folder',
    answers: { 204: null },
  },
  {
    method: 'post',
    path: '/sessions/{id}/files/{path}',
    tag: 'Files',
    summary: 'Make a folder, move, or get an archive',
    body: fileOperation,
    answers: { 200: fileEntry },
  },
];
