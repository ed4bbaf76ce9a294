import { z } from 'zod';
import { modelRef } from '../session/event.ts';

/** `GET system`, without sign-in: what this installation can do, for the sign-in page and the banner. */
export const systemInfo = z.object({
  version: z.string(),
  /** Whether strangers may register. */
  registration: z.boolean(),
  computers: z.object({
    available: z.boolean(),
    /** Why not, or what is weaker than it should be, in sentences; each says the way out. */
    notes: z.array(z.string()),
  }),
});
export type SystemInfo = z.infer<typeof systemInfo>;

export const modelInfo = z.object({ id: z.string(), name: z.string(), vision: z.boolean().default(false) });
export type ModelInfo = z.infer<typeof modelInfo>;

/** `GET models` */
export const modelsResponse = z.object({
  providers: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      /** The scripted demo: it follows a fixed tour and says so. */
      demo: z.boolean(),
      models: z.array(modelInfo),
    }),
  ),
  default: modelRef,
});
export type ModelsResponse = z.infer<typeof modelsResponse>;

/** `GET mcp/servers` */
export const mcpServersResponse = z.object({
  servers: z.array(
    z.object({
      name: z.string(),
      transport: z.enum(['stdio', 'http']),
      status: z.enum(['connecting', 'connected', 'failed', 'disabled']),
      error: z.string().optional(),
      /** `name` is what the model sees: `mcp__<server>__<tool>`. */
      tools: z.array(z.object({ name: z.string(), title: z.string(), description: z.string() })),
    }),
  ),
});
export type McpServersResponse = z.infer<typeof mcpServersResponse>;
