export { readKeyFiles, makeMissingKeys, type OperatorKeys } from './keys/key-files.ts';
export { createProgram, type Program, type ProgramParts } from './program.ts';
export type { Options } from './options.ts';
