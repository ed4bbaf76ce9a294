import path from 'node:path';
import type { Config } from '../config.ts';

/**
 * The environment of what people and agents run here: as after a login, with the desktop and the session's variables, and
 * without tool-api's own.
 */
export function loginEnvironment(
  config: Pick<Config, 'workspace' | 'desktop' | 'inherited'>,
  sessionEnv: Readonly<Record<string, string>>,
): Record<string, string> {
  const { workspace, desktop, inherited } = config;
  return {
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    ...inherited,
    HOME: workspace,
    USER: 'agent',
    LOGNAME: 'agent',
    SHELL: '/bin/bash',
    PATH: [
      path.join(workspace, '.local/bin'),
      '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games',
    ].join(':'),
    ...(desktop ? { DISPLAY: desktop.display, XAUTHORITY: desktop.xauthority } : {}),
    ...sessionEnv,
  };
}
