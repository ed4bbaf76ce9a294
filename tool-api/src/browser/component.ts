import { get } from 'node:http';
import type { Component } from '../component.ts';
import { whileFresh } from '../desktop/fresh.ts';

/** Chromium is ready when its debugging port says which browser it is. */
export function browserComponent(cdpPort: number): Component {
  return { name: 'browser', check: whileFresh(() => answersVersion(cdpPort)) };
}

async function answersVersion(port: number): Promise<void> {
  const body = await new Promise<string>((resolve, reject) => {
    // Not fetch: it may be told to use a proxy, and loads far more than one request needs.
    const request = get({ host: '127.0.0.1', port, path: '/json/version', timeout: 900, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    request.on('timeout', () => request.destroy(new Error(`Port ${port} does not answer.`)));
    request.on('error', reject);
  });
  if (!body.includes('webSocketDebuggerUrl')) throw new Error(`Port ${port} is no browser's debugging port.`);
}
