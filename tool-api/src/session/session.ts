import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { sessionSetup } from '@sandpiper/protocol';
import { z } from 'zod';
import { errors } from '../errors.ts';
import { writeAtomically } from '../files/atomic-write.ts';
import { withPlace } from '../files/place.ts';

type Setup = z.output<typeof sessionSetup>;

/** What the session brought into this sandbox. */
export interface Session {
  readonly env: Readonly<Record<string, string>>;
  /** True when it was applied now, false when the same was before. Throws SESSION_APPLIED when another one was. */
  apply(setup: Setup): Promise<boolean>;
}

const MAX_FILE_BYTES = 32 * 1024 * 1024;

const stored = z.object({ uid: z.string(), digest: z.string(), env: z.record(z.string(), z.string()) });

/**
 * Once per instance. The record is kept beside the sockets, so that a tool-api which is restarted in place (same uid) still has the
 * environment; a new instance starts without.
 */
export async function openSession(options: { uid: string; directory: string; workspace: string }): Promise<Session> {
  const { uid, directory, workspace } = options;
  const file = path.join(directory, 'session.json');
  let applied = await readStored(file, uid);
  /** One at a time: two gateways may both find that they have to. */
  let turn: Promise<unknown> = Promise.resolve();

  const applyOnce = async (setup: Setup): Promise<boolean> => {
    const digest = digestOf(setup);
    if (applied?.digest === digest) return false;
    if (applied) throw errors.SESSION_APPLIED();
    for (const { path: name, contentBase64, mode } of setup.files) {
      // Only below the workspace: what else there is, is not the session's.
      await withPlace([workspace], name, { followLast: true, createParents: true }, (place) =>
        writeAtomically(place, decoded(contentBase64), { limitBytes: MAX_FILE_BYTES, mode }),
      );
    }
    const record = { uid, digest, env: setup.env };
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
    await rename(`${file}.new`, file);
    applied = record;
    return true;
  };

  return {
    get env() {
      return applied?.env ?? {};
    },
    apply(setup) {
      const mine = turn.then(() => applyOnce(setup));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

async function readStored(file: string, uid: string): Promise<z.infer<typeof stored> | undefined> {
  try {
    const record = stored.parse(JSON.parse(await readFile(file, 'utf8')));
    return record.uid === uid ? record : undefined;
  } catch {
    // None, or one that was cut off: the gateway applies it again.
    return undefined;
  }
}

function digestOf({ env, files }: Setup): string {
  const entries = Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([entries, files]))
    .digest('hex');
}

async function* decoded(contentBase64: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(contentBase64, 'base64'));
}
