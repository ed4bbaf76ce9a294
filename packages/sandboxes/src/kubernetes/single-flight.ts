/** Runs work once for callers at the same time, by key. */
export type SingleFlight<T> = (key: string, work: () => Promise<T>) => Promise<T>;

export function createSingleFlight<T>(): SingleFlight<T> {
  const flying = new Map<string, Promise<T>>();
  return (key, work) => {
    let flight = flying.get(key);
    if (!flight) {
      flight = work().finally(() => flying.delete(key));
      flying.set(key, flight);
    }
    return flight;
  };
}
