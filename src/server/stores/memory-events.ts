/** Events of one process: a short history per topic, and listeners that are called in order. */
import type { EventInput, Store, StoredEvent } from '../store.js';

const KEPT = 64;
const KEPT_MS = 3_600_000;

interface Topic {
  last: number;
  history: StoredEvent[];
  listeners: Set<(event: StoredEvent) => void>;
}

export function memoryEvents(now: () => number): Pick<Store, 'append' | 'tail'> & { close(): void } {
  const topics = new Map<string, Topic>();

  function topicOf(name: string): Topic {
    let topic = topics.get(name);
    if (!topic) {
      // Ids go on from the clock, so that a forgotten topic never hands out an id twice.
      topic = { last: now() * 1_000, history: [], listeners: new Set() };
      topics.set(name, topic);
    }
    return topic;
  }
  function prune(): void {
    const oldest = now() - KEPT_MS;
    for (const [name, topic] of topics) {
      const newest = topic.history.at(-1);
      if (topic.listeners.size === 0 && (newest === undefined || newest.at < oldest)) topics.delete(name);
    }
  }
  let appended = 0;

  return {
    async append(name: string, input: EventInput) {
      if (++appended % 1_000 === 0) prune();
      const topic = topicOf(name);
      topic.last += 1;
      const event: StoredEvent = { ...input, id: String(topic.last), at: now() };
      topic.history = [...topic.history, event].slice(-KEPT);
      for (const listen of topic.listeners) queueMicrotask(() => topic.listeners.has(listen) && listen(event));
      return event.id;
    },
    async tail(name, after, listen) {
      const topic = topicOf(name);
      // A listener of its own per tail, so that stopping one never stops its twin.
      const own = (event: StoredEvent) => listen(event);
      topic.listeners.add(own);
      if (after !== undefined) {
        const missed = topic.history.filter((event) => Number(event.id) > Number(after));
        for (const event of missed) queueMicrotask(() => topic.listeners.has(own) && own(event));
      }
      return () => void topic.listeners.delete(own);
    },
    close: () => topics.clear(),
  };
}
