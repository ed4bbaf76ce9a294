export * from './processes.ts';
export * from './sandpiper.ts';
