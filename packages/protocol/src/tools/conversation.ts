import { z } from 'zod';
import { planItem } from '../session/event.ts';
import { defineToolContract } from './tool.ts';

/** Tools that act on the conversation itself; they run in the gateway and need no computer. */
export const planUpdate = defineToolContract({
  name: 'plan_update',
  title: 'Update the plan',
  description:
    'Shows the person a checklist of your plan. Send the whole list every time. Use it for work of three steps or more; keep one item active; mark items done as soon as they are.',
  input: z.strictObject({ items: z.array(planItem).min(1).max(30) }),
  output: z.object({ shown: z.int() }),
  annotations: { idempotentHint: true },
  runsIn: 'gateway',
});

export const askUser = defineToolContract({
  name: 'ask_user',
  title: 'Ask the person',
  description:
    'Asks the person a question and waits for the answer. Use it only when you cannot go on without it. Offer options when there are few sensible answers.',
  input: z.strictObject({
    question: z.string().min(1).max(4000),
    options: z.array(z.string().min(1).max(200)).max(10).default([]),
  }),
  output: z.object({ answer: z.string() }),
  annotations: {},
  runsIn: 'gateway',
});
