/**
 * When a family is usually there: a count of days for each hour of the day (UTC), 24 letters in the store.
 *
 *     hour   0        8   9  10       17      23
 *     days   000000000057777766777743000000000      busy from nine to five
 *
 * Written at most once an hour and family; two processes that write at once lose one count, which is harmless.
 */
import type { Store } from '../store.js';
import { BoundedCache } from '../bounded-cache.js';

const HOUR = 3_600_000;
const KEPT_MS = 30 * 24 * HOUR;
/** Counts are base 36; at the last digit all are halved, so that old habits fade. */
const MOST = 35;
/** One visit is an accident. */
const HABIT = 2;

export interface Activity {
  /** Notes that the family is there; costs nothing when this hour is noted already. */
  seen(family: string, storeNow: number): Promise<void>;
  /** Whether the family was there at or after that time, to the hour. */
  seenSince(family: string, at: number): Promise<boolean>;
  /** Whether the family is usually there at that time. */
  expected(family: string, at: number): Promise<boolean>;
}

const noteOf = (family: string): string => `activity:${family}`;
const hourOf = (at: number): number => Math.floor(at / HOUR);

export function activity(store: Store): Activity {
  const noted = new BoundedCache<number>(10_000);
  return {
    async seen(family, storeNow) {
      const hour = hourOf(storeNow);
      if (noted.get(family) === hour) return;
      noted.set(family, hour);
      const { bins, last } = parse(await store.get(noteOf(family)));
      // Another process was faster, or this one has been restarted.
      if (last === hour) return;
      const next = raised(bins, hour % 24);
      await store.put(noteOf(family), `${hour}:${next.map((count) => count.toString(36)).join('')}`, { ttlMs: KEPT_MS });
    },
    async seenSince(family, at) {
      return parse(await store.get(noteOf(family))).last >= hourOf(at);
    },
    async expected(family, at) {
      const { bins } = parse(await store.get(noteOf(family)));
      const count = bins[hourOf(at) % 24]!;
      return count >= HABIT && count * 4 >= Math.max(...bins);
    },
  };
}

function parse(text: string | undefined): { bins: number[]; last: number } {
  const [, last, digits] = /^(\d+):([0-9a-z]{24})$/.exec(text ?? '') ?? [];
  if (digits === undefined) return { bins: Array<number>(24).fill(0), last: -1 };
  return { bins: [...digits].map((digit) => Number.parseInt(digit, 36)), last: Number(last) };
}

function raised(bins: readonly number[], hour: number): number[] {
  const next = bins.map((count, at) => (at === hour ? count + 1 : count));
  return next[hour]! > MOST ? next.map((count) => count >> 1) : next;
}
