/** The event streams this process has open, at most four per family: a fifth ends the oldest. */
import type { Observe } from '../observe.js';

/**
 * One browser holds one stream. More come from partitions, and from connections that died without a word; the oldest
 * is the likeliest of those, so it goes, and not the newcomer.
 */
const PER_FAMILY = 4;

export interface OpenStream {
  end(): void;
}

export interface Streams {
  add(family: string, stream: OpenStream): void;
  remove(family: string, stream: OpenStream): void;
  has(family: string): boolean;
  /** Ends all of them: the process is about to stop. */
  endAll(): void;
}

export function streams(observe: Observe): Streams {
  const families = new Map<string, Set<OpenStream>>();
  let open = 0;
  return {
    add(family, stream) {
      const own = families.get(family) ?? new Set();
      families.set(family, own.add(stream));
      open += 1;
      observe({ type: 'stream', change: 'opened', open });
      const [oldest] = own;
      if (own.size > PER_FAMILY) oldest!.end();
    },
    remove(family, stream) {
      const own = families.get(family);
      if (!own?.delete(stream)) return;
      if (own.size === 0) families.delete(family);
      open -= 1;
      observe({ type: 'stream', change: 'closed', open });
    },
    has: (family) => families.has(family),
    endAll() {
      for (const own of [...families.values()]) for (const stream of [...own]) stream.end();
    },
  };
}
