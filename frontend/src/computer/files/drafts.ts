/** An edit that was not saved when its file was left. */
export interface Draft {
  text: string;
  /** What the file held when the edit began: another text there now means that somebody else changed it. */
  base: string;
}

const kept = new Map<string, Draft>();
const keyOf = (sessionId: string, path: string): string => `${sessionId}/${path}`;

/** Keeps an edit while another file is looked at; lost only with the page, which asks before. */
export const keepDraft = (sessionId: string, path: string, draft: Draft): void => {
  kept.set(keyOf(sessionId, path), draft);
};

/** Gives an edit back, once. */
export function takeDraft(sessionId: string, path: string): Draft | undefined {
  const key = keyOf(sessionId, path);
  const draft = kept.get(key);
  kept.delete(key);
  return draft;
}
