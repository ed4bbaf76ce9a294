import { request } from 'node:http';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { connectControlPlane } from '../connect.ts';
import type { ConnectedControlPlane, ControlPlaneAddress } from '../control-plane.ts';
import type { SharedControlPlane } from './share.ts';

/** Stands in the name of every suite that was skipped for want of a control plane; the closing summary counts by it. */
export const needsControlPlane = 'NEEDS A CONTROL PLANE';

const startWithinMs = 120_000;

/**
 * A suite that needs the control plane which all files of a run share. Nothing in it belongs to one suite but the namespaces it
 * makes, and those are removed when the suite ends; who stops the API server starts one of one's own.
 *
 * Where there is none to be had, the suite is skipped, and its name says why.
 */
export function describeWithControlPlane(
  name: string,
  suite: (controlPlane: () => ConnectedControlPlane) => void,
): void {
  const shared = inject('controlPlane') as SharedControlPlane | undefined;
  if (shared === undefined) throw new Error('This Vitest configuration lacks the global setup of the control plane.');
  if (!shared.available) {
    describe.skip(`${name} [${needsControlPlane}: ${shared.reason}]`, () => suite(unavailable));
    return;
  }
  const { socketPath } = shared;
  describe(name, () => {
    let connected: ConnectedControlPlane | undefined;
    beforeAll(async () => {
      connected = connectControlPlane(await ask(socketPath));
    }, startWithinMs);
    afterAll(async () => {
      await connected?.removeNamespaces();
      await connected?.close();
    });
    suite(() => connected ?? unavailable());
  });
}

function unavailable(): never {
  throw new Error('The control plane is there in hooks and tests, not while suites are collected.');
}

function ask(socketPath: string): Promise<ControlPlaneAddress> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => void (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text) as ControlPlaneAddress);
        else reject(new Error(text));
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}
