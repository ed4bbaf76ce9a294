/*
 * A browser opens at most six connections to one origin over HTTP/1.1, for all its tabs together. A stream occupies one for as long
 * as it lasts, so with six tabs no request of any of them would ever leave. Tabs therefore share a few slots; one without a slot
 * asks in short rounds instead (eventStream.ts), and a visible one gets the slot of a hidden one.
 */

/** Half of what a browser has, so that the other half stays for requests. */
const SLOTS = 3;
const CHANNEL = 'sandpiper-streams';

export interface StreamSlots {
  /**
   * Takes a slot, or undefined when all are held by other tabs. `onWanted` is called when a visible tab wants it while this one is
   * hidden; the owner should end its stream and release.
   */
  take(onWanted: () => void): Promise<StreamSlot | undefined>;
}

export interface StreamSlot {
  release(): void;
}

/** Slots by Web Locks, which the browser frees when a tab ends, however it ends. Without them every stream has its slot. */
export function createStreamSlots(): StreamSlots {
  const locks = (navigator as Partial<Navigator>).locks;
  if (!locks) return { take: () => Promise.resolve({ release: () => undefined }) };
  return {
    async take(onWanted) {
      for (let number = 1; number <= SLOTS; number++) {
        const unlock = await lock(locks, `${CHANNEL}-${number.toString()}`);
        if (unlock) return hold(unlock, onWanted);
      }
      if (!document.hidden) askHiddenTabs();
      return undefined;
    },
  };
}

/** @returns how to unlock it, or undefined when another tab has it */
function lock(locks: LockManager, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    void locks.request(name, { ifAvailable: true }, (granted) => {
      if (granted === null) {
        resolve(undefined);
        return undefined;
      }
      // The lock lasts as long as this promise.
      return new Promise<void>((unlock) => resolve(unlock));
    });
  });
}

function hold(unlock: () => void, onWanted: () => void): StreamSlot {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = () => {
    if (document.hidden) onWanted();
  };
  return {
    release() {
      channel.close();
      unlock();
    },
  };
}

function askHiddenTabs(): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage('wanted');
  channel.close();
}
