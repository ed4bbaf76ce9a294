export * from './reply.ts';
export * from './tool-calls.ts';
export * from './server.ts';
