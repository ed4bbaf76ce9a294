export * from './auth.ts';
export * from './files.ts';
export * from './sessions.ts';
export * from './system.ts';
