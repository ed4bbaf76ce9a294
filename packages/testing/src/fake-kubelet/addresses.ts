export interface Addresses {
  /** An address that nobody else has, and that was not used for as long as possible. */
  take(): string;
  release(address: string): void;
}

/**
 * Gives out the addresses of a range in turn, without the first and the last.
 *
 * @param range  `10.128.0.0/16`
 * @throws an Error when all are taken
 */
export function addressesOf(range: string): Addresses {
  const [network = '', prefix = ''] = range.split('/');
  const first = network.split('.').reduce((value, part) => value * 256 + Number(part), 0);
  const count = 2 ** (32 - Number(prefix)) - 2;
  const taken = new Set<string>();
  let next = 0;
  return {
    take() {
      for (let tried = 0; tried < count; tried += 1) {
        const value = first + 1 + (next % count);
        next += 1;
        const address = [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
        if (taken.has(address)) continue;
        taken.add(address);
        return address;
      }
      throw new Error(`All ${count} addresses of ${range} are taken.`);
    },
    release: (address) => void taken.delete(address),
  };
}

/** 254 addresses of this machine's loopback, others each time: several kubelets live beside each other. Linux has them all. */
export function someLoopbackRange(random: () => number = Math.random): string {
  return `127.${64 + Math.floor(random() * 64)}.${Math.floor(random() * 256)}.0/24`;
}
