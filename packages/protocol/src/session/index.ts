export * from './event.ts';
export * from './stream.ts';
export * from './state.ts';
export * from './reduce.ts';
