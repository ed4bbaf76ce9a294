export type { Fault, Injection, SeenRequest, StreamFault } from './faults.ts';
export { startApiServerProxy, type ApiServerProxy } from './start.ts';
