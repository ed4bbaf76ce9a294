import { z } from 'zod';
import { defineToolContract } from './tool.ts';

/** Output of a command as a model can take it: all of it when short, else its beginning and its end. */
export const commandOutput = z.object({
  /** UTF-8; what is not, shows as U+FFFD. Where something is left out, one line between the two parts says how much. */
  text: z.string(),
  /** How much the command has written to this stream so far. */
  totalBytes: z.int().min(0),
  /** True when `text` is not all of it: shell_output reads the rest. */
  truncated: z.boolean(),
});
export type CommandOutput = z.infer<typeof commandOutput>;

/** `running` goes on in the background; `killed` was ended by Stop, shell_kill or the hard timeout, `exited` by itself. */
export const commandState = z.enum(['running', 'exited', 'killed']);
export type CommandState = z.infer<typeof commandState>;

const commandId = z
  .string()
  .regex(/^c[0-9a-z]{1,32}$/, 'is not a command id')
  .describe('The commandId that shell_run returned.');
const stream = z.enum(['stdout', 'stderr']);

/** Where a command stands, without its output. */
export const commandStatus = z.object({
  commandId: z.string(),
  command: z.string(),
  cwd: z.string(),
  state: commandState,
  /** Null while it runs, and when a signal ended it. */
  exitCode: z.int().nullable(),
  /** `SIGKILL`, `SIGTERM`, …; null when none ended it. */
  signal: z.string().nullable(),
  durationMs: z.number(),
  startedAt: z.string(),
  stdoutBytes: z.int(),
  stderrBytes: z.int(),
  /** True when the hard timeout ended it. */
  timedOut: z.boolean(),
});
export type CommandStatus = z.infer<typeof commandStatus>;

export const shellRun = defineToolContract({
  name: 'shell_run',
  title: 'Run a command',
  description:
    'Runs a command in bash and returns its output and exit code. A command that outlives timeoutMs (default 30 s) goes on in the background: the answer then has state "running" and a commandId for shell_output, shell_write and shell_kill. Start servers with a short timeoutMs. Every call is a new shell: cd and variables do not carry over, use cwd and env.',
  input: z.strictObject({
    command: z.string().min(1).max(131_072).describe('A bash script, of one line or many.'),
    cwd: z.string().min(1).max(4096).optional().describe('Working directory; default is the workspace.'),
    timeoutMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(30_000)
      .describe('How long to wait for the end; the command goes on after it.'),
    hardTimeoutMs: z
      .int()
      .min(1)
      .max(86_400_000)
      .optional()
      .describe('Ends the command and all it started after this time.'),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(65_536))
      .optional()
      .describe('Further environment variables.'),
    keepStdinOpen: z
      .boolean()
      .default(false)
      .describe('True to send input with shell_write; else the command reads end of file.'),
  }),
  output: commandStatus.extend({ stdout: commandOutput, stderr: commandOutput }),
  annotations: { destructiveHint: true, openWorldHint: true },
  runsIn: 'sandbox',
});

export const shellOutput = defineToolContract({
  name: 'shell_output',
  title: 'Read command output',
  description:
    'Reads output of a command, running or ended, from a byte offset; nextOffset is where to go on. With waitMs it waits that long for something new.',
  input: z.strictObject({
    commandId,
    stream: stream.default('stdout'),
    offset: z.int().min(0).default(0),
    maxBytes: z.int().min(16).max(262_144).default(32_768),
    waitMs: z.int().min(0).max(60_000).default(0),
  }),
  output: z.object({
    text: z.string(),
    /** Where `text` begins: later than asked when what lies between was not kept. */
    offset: z.int(),
    nextOffset: z.int(),
    totalBytes: z.int(),
    status: commandStatus,
  }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});

export const shellWrite = defineToolContract({
  name: 'shell_write',
  title: 'Write to a command',
  description: 'Sends text to the standard input of a command that was started with keepStdinOpen.',
  input: z.strictObject({
    commandId,
    text: z.string().max(1_000_000).default(''),
    end: z.boolean().default(false).describe('Close standard input afterwards.'),
  }),
  output: z.object({ writtenBytes: z.int() }),
  annotations: {},
  runsIn: 'sandbox',
});

export const shellKill = defineToolContract({
  name: 'shell_kill',
  title: 'End a command',
  description:
    'Ends a command and everything it started. SIGINT is like Ctrl-C. SIGTERM is followed by SIGKILL after two seconds.',
  input: z.strictObject({ commandId, signal: z.enum(['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP']).default('SIGTERM') }),
  output: commandStatus,
  annotations: { destructiveHint: true, idempotentHint: true },
  runsIn: 'sandbox',
});

export const shellList = defineToolContract({
  name: 'shell_list',
  title: 'List commands',
  description: 'Lists the commands that run, and the last ones that ended, newest first.',
  input: z.strictObject({ state: commandState.optional() }),
  output: z.object({ commands: z.array(commandStatus) }),
  annotations: { readOnlyHint: true },
  runsIn: 'sandbox',
});

/**
 * Events of `GET /v1/commands/{id}/stream?stream=stdout|stderr&offset=n` (SSE): `output` frames from the offset on, then live
 * ones, then one `exit`. `id:` of an output frame is its `nextOffset`, so that `Last-Event-ID` resumes.
 */
export const commandStreamEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('output'), offset: z.int(), nextOffset: z.int(), text: z.string() }),
  z.object({ type: z.literal('exit'), status: commandStatus }),
]);
export type CommandStreamEvent = z.infer<typeof commandStreamEvent>;
