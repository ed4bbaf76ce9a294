export * from './errors.ts';
export * from './tools/index.ts';
