import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestSandbox, type TestSandbox } from '../testing/sandbox.ts';
import { openSession } from './session.ts';

let sandbox: TestSandbox;
beforeEach(async () => {
  sandbox = await startTestSandbox();
});
afterEach(() => sandbox.close());

const apply = async (body: object): Promise<{ status: number; json: object }> => {
  const { status, json } = await sandbox.send('POST', '/v1/session', { body, scopes: ['session'] });
  return { status, json };
};
const base64 = (content: string): string => Buffer.from(content).toString('base64');

describe('the set-up of a session', () => {
  it('is applied once: the same again changes nothing, another is refused', async () => {
    const setup = {
      env: { API_BASE: 'http://x' },
      files: [{ path: 'bin/tool', contentBase64: base64('#!/bin/sh\necho $API_BASE\n'), mode: 0o755 }],
    };
    expect(await apply(setup)).toEqual({ status: 200, json: { applied: true } });
    expect(await apply(setup)).toEqual({ status: 200, json: { applied: false } });
    expect(await apply({ env: { API_BASE: 'http://y' } })).toMatchObject({
      status: 409,
      json: { code: 'SESSION_APPLIED' },
    });
    expect(statSync(path.join(sandbox.workspace, 'bin/tool')).mode & 0o777).toBe(0o755);
    const { stdout } = (await sandbox.call('shell_run', { command: 'bin/tool' })) as { stdout: { text: string } };
    expect(stdout.text).toBe('http://x\n');
  });

  it('outlives a restart of tool-api under the same uid, and no other', async () => {
    await apply({ env: { A: '1' } });
    const directory = path.join(sandbox.runDir, 'state');
    const { workspace, uid } = sandbox;
    expect((await openSession({ uid, directory, workspace })).env).toEqual({ A: '1' });
    expect((await openSession({ uid: 'another', directory, workspace })).env).toEqual({});
  });

  it('cannot set our variables, nor write outside the workspace', async () => {
    expect(await apply({ env: { SANDPIPER_UID: 'x' } })).toMatchObject({
      status: 400,
      json: { issues: [{ path: 'env.SANDPIPER_UID' }] },
    });
    expect(await apply({ env: { A: 'x\0y' } })).toMatchObject({ status: 400 });
    const outside = path.join(path.dirname(sandbox.workspace), 'escaped');
    for (const name of ['../escaped', outside, path.join(sandbox.scratch, 'x')]) {
      expect(await apply({ files: [{ path: name, contentBase64: '' }] })).toMatchObject({
        status: 403,
        json: { code: 'PATH_OUTSIDE' },
      });
    }
    expect(existsSync(outside)).toBe(false);
    // Nothing counts as applied until all of it is.
    expect(await apply({ files: [{ path: 'ok', contentBase64: base64('yes') }] })).toMatchObject({
      json: { applied: true },
    });
    expect(readFileSync(path.join(sandbox.workspace, 'ok'), 'utf8')).toBe('yes');
  });
});
