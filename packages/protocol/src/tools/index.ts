export * from './conversation.ts';
export * from './tool.ts';
