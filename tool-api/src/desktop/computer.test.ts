import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../testing/sandbox.ts';
import { startDesktop, until, type Desktop } from './testing/desktop.ts';

let desktop: Desktop;
let sandbox: TestSandbox;
beforeAll(async () => {
  desktop = await startDesktop();
  sandbox = await startTestSandbox({
    SANDPIPER_DESKTOP: 'true',
    SANDPIPER_CDP_PORT: String(desktop.cdpPort),
    DISPLAY: desktop.display,
    XAUTHORITY: desktop.xauthorityFile,
  });
  await symlink(desktop.vncSocket, path.join(sandbox.runDir, 'vnc.sock'));
});
afterAll(async () => {
  await sandbox.close();
  await desktop.close();
});

describe('a sandbox with a desktop', () => {
  it('becomes ready when every part answers', async () => {
    await until('readiness', async () => (await sandbox.send('GET', '/readyz', { scopes: null })).status === 200);
    expect((await sandbox.send('GET', '/readyz', { scopes: null })).json).toEqual({
      status: 'ready',
      components: { x: 'ready', windowManager: 'ready', vnc: 'ready', browser: 'ready', toolApi: 'ready' },
    });
  });

  it('refuses the agent’s input, not its shell, while a person has control over HTTP', async () => {
    const owner = { id: 'tab-1', label: 'Ann' };
    const change = (body: unknown, scopes: readonly ('control' | 'view')[] = ['control']) =>
      sandbox.send('POST', '/v1/control', { scopes, body });
    expect((await change({ action: 'take', owner }, ['view'])).status).toBe(403);
    expect((await change({ action: 'seize', owner })).json).toMatchObject({ code: 'INVALID_REQUEST' });
    expect((await change({ action: 'take', owner })).json).toMatchObject({ holder: 'person', owner });
    const other = await change({ action: 'take', owner: { id: 'tab-2', label: 'Ben' } });
    expect([other.status, other.json]).toEqual([
      409,
      expect.objectContaining({ code: 'CONTROL_HELD', retryable: true }),
    ]);
    const click = await sandbox.send('POST', '/v1/tools/desktop_click', { body: { x: 1, y: 1 } });
    expect([click.status, click.json]).toEqual([409, expect.objectContaining({ code: 'CONTROL_HELD' })]);
    expect(await sandbox.call('shell_run', { command: 'echo free' })).toMatchObject({ exitCode: 0 });
    expect((await change({ action: 'release', owner })).json).toEqual({ holder: 'agent' });
    expect((await sandbox.send('GET', '/v1/control', { scopes: ['view'] })).json).toEqual({ holder: 'agent' });
    expect(await sandbox.call('desktop_click', { x: 1, y: 1 })).toEqual({ pointer: { x: 1, y: 1 } });
  });

  it('shows the model every tool with a schema', async () => {
    const { tools } = (await sandbox.send('GET', '/v1/tools')).json as { tools: { name: string }[] };
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['browser_navigate', 'browser_snapshot', 'desktop_type', 'web_fetch', 'web_search']),
    );
    expect(new Set(names).size).toBe(names.length);
  });
});
