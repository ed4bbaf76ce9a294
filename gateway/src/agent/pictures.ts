import type { SessionState } from '@sandpiper/protocol';
import type { ArtefactStore } from '../artefacts/artefacts.ts';

/** Pictures cost a model as much as pages of text; older ones have been talked about. */
const MAX_PICTURES = 3;

/** The newest pictures that the model asked for itself, as data URLs by artefact id. Those kept for looking back are not for it. */
export async function loadPictures(
  state: SessionState,
  sessionId: string,
  artefacts: ArtefactStore,
): Promise<Map<string, string>> {
  const wanted = state.timeline
    .flatMap((item) =>
      item.kind === 'tool' && (item.name.endsWith('_screenshot') || item.server !== null) ? item.artefacts : [],
    )
    .filter(({ kind }) => kind === 'screenshot')
    .slice(-MAX_PICTURES);
  const loaded = await Promise.all(
    wanted.map(async ({ id }) => {
      const found = await artefacts.get(sessionId, id);
      if (!found) return [];
      const base64 = Buffer.from(found.bytes).toString('base64');
      return [[id, `data:${found.artefact.mimeType};base64,${base64}`] as const];
    }),
  );
  return new Map(loaded.flat());
}
