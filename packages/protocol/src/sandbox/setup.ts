import { z } from 'zod';

/**
 * `POST /v1/session` (scope session): what a session brings into its sandbox, after the sandbox was claimed. Applied once per
 * instance: the same again answers `applied: false`, another one is refused with `SESSION_APPLIED`.
 */
export const sessionSetup = z.strictObject({
  /** Added to the environment of commands and terminals; `SANDPIPER_*` is refused. */
  env: z
    .record(
      z
        .string()
        .max(256)
        .regex(/^(?!SANDPIPER_)[A-Za-z_][A-Za-z0-9_]*$/, 'is not a variable name that a session may set'),
      z
        .string()
        .max(65_536)
        .regex(/^[^\0]*$/, 'must not hold NUL'),
    )
    .default({}),
  /** Written below the workspace before the answer, all or none of them reported as applied. */
  files: z
    .array(
      z.strictObject({
        path: z.string().min(1).max(4096),
        contentBase64: z.base64(),
        /** Permission bits; 0o644 unless said otherwise. */
        mode: z.int().min(0).max(0o777).default(0o644),
      }),
    )
    .max(200)
    .default([]),
});
export type SessionSetup = z.input<typeof sessionSetup>;

export const sessionSetupAnswer = z.object({ applied: z.boolean() });
export type SessionSetupAnswer = z.infer<typeof sessionSetupAnswer>;
