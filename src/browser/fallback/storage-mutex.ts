/**
 * Mutual exclusion on localStorage, which has no transactions: two processes may read the same value and
 * both write. So a claim counts only if it is still there after another's would have shown:
 *
 *   A  free? ── claim A ─────────── still A? no → again
 *   B     free? ── claim B ─────────── still B? yes → work, at once and without a pause → free
 *
 * The last claim wins, whoever it is of. A claim whose owner died is void after a while.
 */
import type { Clock, Random } from '../../core/ports.js';

/** Renderers see each other's writes within a few ms; this leaves room for a busy machine. */
const SETTLE_MS = 40;
const VOID_AFTER_MS = 2_000;

interface Claim {
  id: string;
  at: number;
}

/** Runs `work`, synchronously, while no other context does. */
export const createStorageMutex = (storage: Storage, item: string, { clock, random }: { clock: Clock; random: Random }) => {
  const claim = (): Claim | undefined => {
    try {
      const found = JSON.parse(storage.getItem(item) ?? '') as Claim;
      return found.at <= clock.wall() && clock.wall() <= found.at + VOID_AFTER_MS ? found : undefined;
    } catch {
      return undefined;
    }
  };
  const pause = (ms: number) => new Promise<void>((done) => void clock.after(ms, done));

  return async <T>(work: () => T): Promise<T> => {
    const id = random.id();
    for (;;) {
      if (!claim()) {
        storage.setItem(item, JSON.stringify({ id, at: clock.wall() }));
        await pause(SETTLE_MS);
        if (claim()?.id === id) {
          try {
            return work();
          } finally {
            storage.removeItem(item);
          }
        }
      }
      await pause(random.next() * SETTLE_MS);
    }
  };
};
