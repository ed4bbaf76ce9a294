import * as protocol from '@sandpiper/protocol';
import type { InstanceClient } from '@sandpiper/instance';
import type { ToolContract } from '@sandpiper/protocol';
import type { ArtefactStore } from '../../artefacts/artefacts.ts';
import type { Computers } from '../../computers/computers.ts';
import { boundJson } from '../bounded-text.ts';
import { readInput } from './contract-input.ts';
import { keepScreen, withFileVersions, withoutImages } from './evidence.ts';
import { runShell } from './shell-run.ts';
import type { AgentTool, CallContext } from './tool.ts';

/** Every contract of the protocol that tool-api answers: one that is added there is offered to the model without a change here. */
const contracts = (Object.values(protocol) as unknown[]).filter(isSandboxContract);

function isSandboxContract(exported: unknown): exported is ToolContract {
  return typeof exported === 'object' && exported !== null && 'runsIn' in exported && exported.runsIn === 'sandbox';
}

export interface SandboxToolParts {
  computers: Pick<Computers, 'connect'>;
  artefacts: ArtefactStore;
}

/** The tools of the session's computer, which is started by the first call that needs it. */
export function sandboxTools(parts: SandboxToolParts): AgentTool[] {
  return contracts.map((contract) => ({
    name: contract.name,
    description: contract.description,
    parameters: protocol.inputJsonSchema(contract),
    async run(input, context) {
      const checked = readInput(contract, input);
      const client = await parts.computers.connect(context.log.sessionId, {
        need: usesDesktop(contract) ? 'desktop' : 'tools',
        signal: context.signal,
      });
      return callContract({ contract, client, context, artefacts: parts.artefacts }, checked);
    },
  }));
}

/** What the agent needs of a session's computer. */
export type SandboxClient = Pick<InstanceClient, 'callTool' | 'followCommand'>;

export interface SandboxCall {
  contract: ToolContract;
  client: SandboxClient;
  context: CallContext;
  artefacts: ArtefactStore;
}

async function callContract(call: SandboxCall, input: Record<string, unknown>): Promise<string> {
  const { contract, client, context } = call;
  const { name } = contract;
  if (name === protocol.shellRun.name) return boundJson(await runShell(call, input));
  if (name === protocol.filesWrite.name || name === protocol.filesEdit.name) {
    return boundJson(
      await withFileVersions(call, input, () => client.callTool(name, input, { signal: context.signal })),
    );
  }
  const output = await client.callTool(name, input, { signal: context.signal });
  const { value, images } = withoutImages(output);
  if (usesDesktop(contract)) await keepScreen(call, images);
  return boundJson(value);
}

const usesDesktop = ({ name }: ToolContract): boolean => name.startsWith('browser_') || name.startsWith('desktop_');
