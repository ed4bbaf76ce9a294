export * from './errors.ts';
export * from './http/index.ts';
export * from './sandbox/index.ts';
export * from './session/index.ts';
export * from './tools/index.ts';
