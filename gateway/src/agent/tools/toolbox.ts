import type { ArtefactStore } from '../../artefacts/artefacts.ts';
import type { Computers } from '../../computers/computers.ts';
import { conversationTools } from './conversation-tools.ts';
import { sandboxTools } from './sandbox-tools.ts';
import type { AgentTool, Toolbox } from './tool.ts';

/** Tools that come from elsewhere: MCP servers. */
export interface ToolSource {
  servers(): string[];
  tools(): AgentTool[];
}

/** All that the model may call here. Without computers their tools are not offered at all. */
export function createToolbox(parts: {
  computers: Pick<Computers, 'available' | 'connect'>;
  artefacts: ArtefactStore;
  sources: ToolSource[];
}): Toolbox {
  const { computers, artefacts, sources } = parts;
  // Schemas are made once; they do not change while the process lives.
  const own = [...conversationTools(), ...(computers.available ? sandboxTools({ computers, artefacts }) : [])];
  return {
    hasComputer: computers.available,
    servers: () => sources.flatMap((source) => source.servers()),
    list: () => [...own, ...sources.flatMap((source) => source.tools())],
  };
}
