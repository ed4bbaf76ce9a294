export { createAgent, type AgentSettings } from './agent/create-agent.ts';
export { createGateway, type Agent, type AgentSurroundings, type Gateway, type GatewayParts } from './gateway.ts';
export { acquireDataDir, type DataDir } from './stores/data-dir.ts';
export type { ArtefactStore } from './artefacts/artefacts.ts';
export type { Computers } from './computers/computers.ts';
export type { Runs } from './runs/runs.ts';
export type { SessionFrame, SessionHub } from './sessions/hub.ts';
export type { SessionRecord, SessionStore } from './stores/stores.ts';
