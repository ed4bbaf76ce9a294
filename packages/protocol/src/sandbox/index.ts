export * from './lifecycle.ts';
export * from './setup.ts';
