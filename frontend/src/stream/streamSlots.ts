/*
 * A browser opens at most six connections to one origin over HTTP/1.1, for all its tabs together. A stream occupies one for as long
 * as it lasts, so with six tabs no request of any of them would ever leave. Tabs therefore share a few slots; one without a slot
 * asks in short rounds instead (eventStream.ts), and a visible one gets the slot of a hidden one.
 */

/** Half of what a browser has, so that the other half stays for requests. */
const SLOTS = 3;
const NAME = 'sandpiper-stream';
/** How long a hidden tab may take to give its slot up. */
const YIELD_MS = 150;

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
export function createStreamSlots(isHidden = () => document.hidden): StreamSlots {
  const locks = (navigator as Partial<Navigator>).locks;
  if (!locks) return { take: () => Promise.resolve({ release: () => undefined }) };
  let asked = 0;
  return {
    async take(onWanted) {
      for (let number = 1; number <= SLOTS; number += 1) {
        const unlock = await lock(locks, nameOf(number), { ifAvailable: true });
        if (unlock) return hold(number, unlock, isHidden, onWanted);
      }
      if (isHidden()) return undefined;
      // One at a time, so that no more than one tab yields. Who waits in the queue comes before anyone who tries.
      asked = (asked % SLOTS) + 1;
      const waiting = lock(locks, nameOf(asked), { signal: AbortSignal.timeout(YIELD_MS) });
      ask(asked);
      const unlock = await waiting;
      return unlock && hold(asked, unlock, isHidden, onWanted);
    },
  };
}

/** @returns how to unlock it, or undefined when another tab has it and keeps it */
function lock(locks: LockManager, name: string, options: LockOptions): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    locks
      .request(name, options, (granted) => {
        if (granted === null) {
          resolve(undefined);
          return undefined;
        }
        // The lock lasts as long as this promise.
        return new Promise<void>((unlock) => resolve(unlock));
      })
      .catch(() => resolve(undefined));
  });
}

function hold(number: number, unlock: () => void, isHidden: () => boolean, onWanted: () => void): StreamSlot {
  const channel = new BroadcastChannel(nameOf(number));
  channel.onmessage = () => {
    if (isHidden()) onWanted();
  };
  return {
    release() {
      channel.close();
      unlock();
    },
  };
}

function ask(number: number): void {
  const channel = new BroadcastChannel(nameOf(number));
  channel.postMessage('wanted');
  channel.close();
}

function nameOf(number: number): string {
  return `${NAME}-${number}`;
}
