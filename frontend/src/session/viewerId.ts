const STORAGE_KEY = 'sandpiper.viewer';
/** A page that is being replaced by its reload may hold its lock for a moment longer. */
const PATIENCE_MS = 300;

/**
 * The name of this tab towards the gateway. It outlives a reload, so that control does too. A duplicated tab starts with a copy of
 * the name: whoever holds the lock on it keeps it, the other takes a new one.
 */
export async function claimViewerId(): Promise<string> {
  const kept = sessionStorage.getItem(STORAGE_KEY);
  const id = kept !== null && (await holdForGood(kept)) ? kept : crypto.randomUUID();
  if (id !== kept) {
    sessionStorage.setItem(STORAGE_KEY, id);
    await holdForGood(id);
  }
  return id;
}

/** @returns false when another tab has it */
function holdForGood(id: string): Promise<boolean> {
  const locks = (navigator as Partial<Navigator>).locks;
  // Without locks nobody can tell a reload from a copy; two tabs with one name would both act as the one in control.
  if (!locks) return Promise.resolve(false);
  return new Promise((resolve) => {
    locks
      .request(`${STORAGE_KEY}.${id}`, { signal: AbortSignal.timeout(PATIENCE_MS) }, () => {
        resolve(true);
        // Until the tab ends.
        return new Promise<never>(() => undefined);
      })
      .catch(() => resolve(false));
  });
}
