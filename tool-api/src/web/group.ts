import type { Group } from '../group.ts';
import type { Tool } from '../tool.ts';
import { fetchTool } from './fetch.ts';
import { searchTool, type SearchOptions } from './search.ts';

export function createWebTools(options: SearchOptions): Tool[] {
  return [fetchTool(), searchTool(options)];
}

/** Reading and searching the web without a key, through the sandbox's own way out. */
export function createWebGroup(options: SearchOptions): Group {
  return { tools: createWebTools(options) };
}
