import path from 'node:path';
import type { Activity } from '../activity.ts';
import { createBrowserGroup } from '../browser/group.ts';
import type { Config } from '../config.ts';
import { createControlGroup } from '../control/group.ts';
import { ControlArbiter } from '../control/lease.ts';
import type { Group } from '../group.ts';
import { createVncGroup } from '../vnc/group.ts';
import { createWebGroup } from '../web/group.ts';
import { createDesktopGroup } from './group.ts';

/** What a person would use a computer for: the web, and, where the sandbox has a desktop, screen, browser and who controls them. */
export function createComputerGroups(config: Config, { activity }: { activity: Activity }): Group[] {
  const web = createWebGroup({ searxngUrl: config.searxngUrl });
  if (!config.desktop) return [web];
  const { display, xauthority, vncSocket, cdpPort } = config.desktop;
  const control = new ControlArbiter(() => performance.timeOrigin + performance.now());
  return [
    web,
    createControlGroup(control),
    createDesktopGroup({ display, xauthorityFile: xauthority, control }),
    createBrowserGroup({ cdpPort, downloadsDir: path.join(config.workspace, 'Downloads'), control }),
    createVncGroup({ vncSocket, activity }),
  ];
}
