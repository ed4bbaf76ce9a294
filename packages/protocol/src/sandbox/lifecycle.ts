import { z } from 'zod';

/*
 * What a sandbox says about itself, to those who start and end it:
 *   GET    /healthz      200 as soon as tool-api listens (no token)
 *   GET    /readyz       200 or 503 with Readiness (no token)
 *   POST   /v1/suspend   SuspendRequest → SuspendAnswer; when agreed, new work is refused with SUSPENDING (scope lifecycle)
 *   DELETE /v1/suspend   opens it again, when the suspension did not come about (scope lifecycle)
 *   POST   /v1/keep-awake KeepAwakeRequest → 204 (scope session)
 */

export const componentState = z.enum(['ready', 'starting', 'failed', 'off']);
export type ComponentState = z.infer<typeof componentState>;

/** `off`: not wanted in this sandbox, as the desktop parts without a desktop. */
export const readiness = z.object({
  status: z.enum(['ready', 'starting', 'failed']),
  components: z.object({
    x: componentState,
    windowManager: componentState,
    vnc: componentState,
    browser: componentState,
    toolApi: componentState,
  }),
});
export type Readiness = z.infer<typeof readiness>;

export const suspendRequest = z.strictObject({
  /** Agree only if nothing happened for this long. 0 asks only whether something is going on right now. */
  ifIdleForMs: z.int().min(0),
});

export const busyReason = z.enum(['call', 'viewer', 'command', 'keep-alive']);
export type BusyReason = z.infer<typeof busyReason>;

export const suspendAnswer = z.object({
  agreed: z.boolean(),
  /** Since the last activity of any kind; 0 while one is going on. */
  idleForMs: z.number().min(0),
  /** What is going on, or what was the last thing that was too recent. */
  busy: z.object({ reason: busyReason }).optional(),
});
export type SuspendAnswer = z.infer<typeof suspendAnswer>;

/** Keeps the sandbox from being idle for a while, whatever it does; 0 takes that back. */
export const keepAwakeRequest = z.strictObject({ forMs: z.int().min(0).max(86_400_000) });
