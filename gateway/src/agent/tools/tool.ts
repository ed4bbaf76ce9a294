import type { Artefact } from '@sandpiper/protocol';
import type { ModelTool } from '../../providers/provider.ts';
import type { Budget } from '../budget.ts';
import type { RunLog } from '../run-log.ts';

/** One call as the tool that answers it sees it. */
export interface CallContext {
  log: RunLog;
  callId: string;
  budget: Budget;
  /** Aborted by Stop, and when the run is let go: whatever was started must end then. */
  signal: AbortSignal;
  /** Live output, for the person only. */
  say: (text: string) => void;
  /** Keeps what was seen; it stays with the call even when the call fails later. */
  keep: (artefact: Artefact) => void;
}

/** Something the model may call. */
export interface AgentTool extends ModelTool {
  /** The MCP server it belongs to, by its name in `mcp.json`. */
  server?: string;
  /**
   * @param input  a JSON object, as the model sent it
   * @returns what the model is told
   * @throws CodedError which the model is told as the call's error
   */
  run(input: Record<string, unknown>, context: CallContext): Promise<string>;
}

/** The tools of a run, looked at anew before every step: MCP servers come and go. */
export interface Toolbox {
  /** What belongs into the system prompt. */
  readonly hasComputer: boolean;
  servers(): string[];
  list(): AgentTool[];
}
