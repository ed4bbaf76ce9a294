export { eventually } from './eventually.ts';
export * from './model-server/index.ts';
export * from './program/index.ts';
