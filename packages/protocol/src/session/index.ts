export * from './event.ts';
export * from './growing-text.ts';
export * from './stream.ts';
export * from './state.ts';
export * from './reduce.ts';
