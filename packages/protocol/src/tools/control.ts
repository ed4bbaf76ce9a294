import { z } from 'zod';

/**
 * `GET /v1/control` of a sandbox, and the answer to `POST`: who may move its mouse and keyboard. The agent does unless a person
 * took it; a person's lease ends by itself when it is not renewed.
 */
export const controlLease = z.object({
  holder: z.enum(['agent', 'person']),
  owner: z.object({ id: z.string(), label: z.string() }).optional(),
  expiresAt: z.iso.datetime().optional(),
  /** The same as a duration, for callers whose clock differs. */
  expiresInMs: z.int().optional(),
});
export type ControlLease = z.infer<typeof controlLease>;

/**
 * `POST /v1/control` → 200 ControlLease; 409 `CONTROL_HELD` when another owner has it (take with `force` passes over that), 409
 * `CONTROL_LOST` when renew comes too late. Releasing what is not held is no error.
 */
export const controlLeaseRequest = z.strictObject({
  action: z.enum(['take', 'renew', 'release']),
  /** `id` is the identity (the viewer), `label` what others are shown. */
  owner: z.strictObject({ id: z.string().min(1).max(128), label: z.string().min(1).max(128) }),
  ttlMs: z.int().min(1000).max(600_000).default(60_000),
  force: z.boolean().default(false),
});
export type ControlLeaseRequest = z.input<typeof controlLeaseRequest>;
