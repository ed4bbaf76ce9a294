export { createInstanceClient, type InstanceClient, type ToolCallOptions } from './client.ts';
export type { FollowOptions } from './command-stream.ts';
export { instanceErrors } from './errors.ts';
export type { CallOptions, FileBytes, InstanceFiles, ReadFileOptions, WriteFileOptions } from './files.ts';
export type { OpenSocketOptions } from './open-socket.ts';
export type { InstanceStream, OpenStreamOptions } from './open-stream.ts';
export type { InstanceAddress } from './transport.ts';
