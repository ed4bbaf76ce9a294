import { createHash } from 'node:crypto';

const MAX_LENGTH = 64;

/**
 * The name under which the model sees a tool of a server: `mcp__<server>__<tool>`, of the characters and the length that every
 * provider accepts. Where that had to change or cut something, a hash of the true names makes it unique again.
 */
export function modelToolName(server: string, tool: string): string {
  const plain = `mcp__${sanitise(server)}__${sanitise(tool)}`;
  // An underscore pair inside a name could be read as the border between server and tool: then two pairs could meet in one name.
  const isExact =
    sanitise(server) === server && sanitise(tool) === tool && !server.includes('__') && !server.endsWith('_');
  if (isExact && !tool.startsWith('_') && plain.length <= MAX_LENGTH && !HASH_SUFFIX.test(plain)) return plain;
  const suffix = `_${createHash('sha256').update(`${server}\n${tool}`).digest('hex').slice(0, 10)}`;
  return plain.slice(0, MAX_LENGTH - suffix.length) + suffix;
}

/** A tool whose own name ends like one of our hashes gets one too, or it could pass for another's. */
const HASH_SUFFIX = /_[0-9a-f]{10}$/;

const sanitise = (name: string): string => name.replaceAll(/[^A-Za-z0-9_-]/g, '_');
