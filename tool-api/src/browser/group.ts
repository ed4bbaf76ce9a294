import type { Group } from '../group.ts';
import { browserComponent } from './component.ts';
import { BrowserSession, type BrowserOptions } from './session.ts';
import { createBrowserTools } from './tools.ts';

/** The visible browser: its tools and its readiness. Nothing is connected before the first call. */
export function createBrowserGroup(options: BrowserOptions): Group {
  const session = new BrowserSession(options);
  return {
    tools: createBrowserTools(session, options.control),
    components: [browserComponent(options.cdpPort)],
    close: () => session.close(),
  };
}
