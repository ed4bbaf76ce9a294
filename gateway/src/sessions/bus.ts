/** Messages of one kind to whoever listens now, by channel; nothing is kept for those who come later. */
export interface Bus<Message> {
  /** Delivers in the order of publishing. Returns at once. */
  publish(channel: string, message: Message): void;
  subscribe(channel: string, listener: (message: Message) => void): () => void;
  hasSubscribers(channel: string): boolean;
}

/** The bus of one replica. A listener must not throw: it would take the message from those after it. */
export function createMemoryBus<Message>(): Bus<Message> {
  const channels = new Map<string, Set<(message: Message) => void>>();
  return {
    publish(channel, message) {
      const listeners = channels.get(channel);
      if (listeners) for (const listener of listeners) listener(message);
    },
    subscribe(channel, listener) {
      // One wrapper per subscription, so that the same function may listen twice.
      const subscription = (message: Message): void => listener(message);
      let listeners = channels.get(channel);
      if (!listeners) channels.set(channel, (listeners = new Set()));
      listeners.add(subscription);
      return () => {
        listeners.delete(subscription);
        if (listeners.size === 0 && channels.get(channel) === listeners) channels.delete(channel);
      };
    },
    hasSubscribers: (channel) => channels.has(channel),
  };
}
