import type { Config } from '../config.ts';
import type { Group } from '../group.ts';
import { createFilesRoutes } from './routes.ts';
import { createFilesTools } from './tools.ts';

const UPLOAD_LIMIT_BYTES = 10 * 1024 ** 3;

/** Files below the workspace and the scratch folder, as tools for the agent and as bytes for people. */
export function createFilesGroup(config: Pick<Config, 'workspace' | 'scratch'>): Group {
  const roots = [config.workspace, config.scratch];
  return {
    tools: createFilesTools({ roots }),
    routes: createFilesRoutes({ roots, uploadLimitBytes: UPLOAD_LIMIT_BYTES }),
  };
}
