import type { Tool } from '../tool.ts';
import type { ControlArbiter } from './lease.ts';

/**
 * Lets a tool act only while the agent has control: a call is refused with `CONTROL_HELD` while a person holds it, and one that is
 * under way when a person takes it is cut off, so that nobody fights over the mouse.
 */
export function underControl(control: ControlArbiter, tool: Tool): Tool {
  return {
    ...tool,
    handler: async (input, context) => {
      control.assertAgentMayAct();
      const taken = new AbortController();
      const stopListening = control.onTaken(() => taken.abort());
      try {
        return await tool.handler(input, { ...context, signal: AbortSignal.any([context.signal, taken.signal]) });
      } catch (error) {
        if (taken.signal.aborted) control.assertAgentMayAct();
        throw error;
      } finally {
        stopListening();
      }
    },
  };
}
