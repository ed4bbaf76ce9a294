import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { browserArguments, prepareProfile } from './browser.ts';
import { Component } from './component.ts';
import { paintBackground, writeXauthority } from './display.ts';
import { listenForManager } from './manager-link.ts';
import type { Settings } from './settings.ts';
import { openboxConfig } from './windows.ts';

const BACKGROUND = 0x2b3a42;

export interface Init {
  /** Resolves with the reason once everything has ended. */
  readonly ended: Promise<'stopped' | 'heartbeat-lost'>;
  stop(graceMs: number): void;
}

/**
 * Starts what a sandbox consists of, and keeps it running: tool-api and the X server at once, window manager and browser as
 * soon as X answers. Ends all of it on request, or when the manager is gone for too long.
 */
export async function startInit(settings: Settings): Promise<Init> {
  await mkdir(path.join(settings.runDir, 'state'), { recursive: true, mode: 0o700 });
  const cookie = settings.desktop ? await writeXauthority(settings.xauthority) : undefined;
  const configFile = path.join(settings.runDir, 'openbox.xml');
  if (settings.desktop) await Promise.all([writeFile(configFile, openboxConfig), prepareProfile(settings)]);

  let display = settings.display;
  const environment = (): NodeJS.ProcessEnv => ({
    ...settings.environment,
    ...(display === undefined ? {} : { DISPLAY: display }),
  });
  const run = (command: string, args: string[], extraPipes: 'pipe'[] = []): ChildProcess =>
    spawn(command, args, {
      cwd: settings.workspace,
      env: environment(),
      stdio: ['ignore', 'ignore', 'pipe', ...extraPipes],
    });
  const onChange = (): void => link.announce();

  const toolApi = new Component({
    start: () => run(settings.toolApi[0] ?? process.execPath, settings.toolApi.slice(1)),
    whenReady: (_child, signal) => answers(path.join(settings.runDir, 'tool.sock'), signal),
    onChange,
  });
  const windowManager = new Component({
    start: () => run('openbox', ['--config-file', configFile, '--sm-disable']),
    whenReady: async () => Promise.resolve(),
    onChange,
  });
  const browser = new Component({
    start: () => run(settings.browser, browserArguments(settings)),
    whenReady: (child, signal) => prints(child, 'DevTools listening on', signal),
    onExit: () => void prepareProfile(settings).catch(() => undefined),
    onChange,
  });
  const vnc = new Component({
    start: () => run('Xtigervnc', vncArguments(settings, display), ['pipe']),
    whenReady: async (child, signal) => {
      // The server writes its display number once it takes connections, so nothing has to poll.
      display = `:${await firstLine(child, signal)}`;
      if (cookie) await paintBackground(display, cookie, BACKGROUND).catch(() => undefined);
    },
    onReady: () => {
      if (settings.display === undefined) toolApi.start();
      windowManager.start();
      browser.start();
    },
    // Both lose their X connection anyway; stopped here, they do not count it as a crash of their own.
    onExit: () => void Promise.all([windowManager.stop(500), browser.stop(500)]),
    onChange,
  });

  let finish: (reason: 'stopped' | 'heartbeat-lost') => void = () => undefined;
  const ended = new Promise<'stopped' | 'heartbeat-lost'>((resolve) => (finish = resolve));
  let ending = false;
  const end = (reason: 'stopped' | 'heartbeat-lost', graceMs: number): void => {
    if (ending) return;
    ending = true;
    void Promise.all([toolApi.stop(graceMs), browser.stop(graceMs)])
      .then(() => Promise.all([windowManager.stop(graceMs), vnc.stop(graceMs)]))
      .then(() => {
        link.close();
        finish(reason);
      });
  };

  const startedAt = Date.now();
  const link = listenForManager({
    path: path.join(settings.runDir, 'init.sock'),
    heartbeatLossMs: settings.heartbeatLossMs,
    status: () => ({
      startedAt,
      components: {
        toolApi: toolApi.status,
        vnc: vnc.status,
        windowManager: windowManager.status,
        browser: browser.status,
      },
    }),
    onStop: (graceMs) => end('stopped', graceMs),
    onLoss: () => end('heartbeat-lost', 2000),
  });
  if (settings.desktop) vnc.start();
  // Where the display's number is not known before X answers, tool-api has to wait for it.
  if (!settings.desktop || settings.display !== undefined) toolApi.start();
  return { ended, stop: (graceMs) => end('stopped', graceMs) };
}

function vncArguments(settings: Settings, display: string | undefined): string[] {
  const { width, height } = settings.displaySize;
  return [
    ...(display === undefined ? [] : [display]),
    ...['-displayfd', '3'],
    ...['-geometry', `${width.toString()}x${height.toString()}`, '-depth', '24'],
    ...['-rfbport', '-1', '-rfbunixpath', path.join(settings.runDir, 'vnc.sock'), '-rfbunixmode', '0600'],
    // Every connection by socket comes from one “host”: a few viewers that give up early would shut out all others.
    '-UseBlacklist=0',
    // `local` is the abstract socket, which crosses mount namespaces; the one in /tmp/.X11-unix stays.
    ...['-nolisten', 'local', '-nolisten', 'tcp', '-auth', settings.xauthority],
    ...['-SecurityTypes', 'None', '-AlwaysShared', '-AcceptSetDesktopSize=1'],
    // Without it the server resets, and drops the background, whenever its last client leaves.
    '-noreset',
    ...['-desktop', 'Sandpiper'],
  ];
}

async function firstLine(child: ChildProcess, signal: AbortSignal): Promise<string> {
  const pipe = child.stdio[3];
  if (!pipe || !('setEncoding' in pipe)) throw new Error('The X server was started without a display pipe.');
  pipe.setEncoding('utf8');
  let text = '';
  for await (const chunk of pipe) {
    signal.throwIfAborted();
    text += String(chunk);
    if (text.includes('\n')) return text.trim();
  }
  throw new Error('The X server named no display.');
}

function prints(child: ChildProcess, words: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('exited')), { once: true });
    let tail = '';
    child.stderr?.on('data', (text: string) => {
      tail = tail.slice(-words.length) + text;
      if (tail.includes(words)) resolve();
    });
  });
}

async function answers(socketPath: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = connect(socketPath, () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (connected) return;
    await delay(10, undefined, { signal });
  }
  throw new Error('exited');
}
