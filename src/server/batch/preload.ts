/**
 * Has tokens ready before people usually come: at ten to nine for those who come at nine, spread out so that the
 * provider sees no peak.
 *
 *     now        ├──────── spread ────────┤     before     ┌ they come
 *     refresh       ·  ·   ·  ·  ·   ·  ·                  ▼
 */
import { pause, type ServerRandom } from '../clock.js';
import type { DueClaim } from '../store.js';
import type { Activity } from './activity.js';
import { refreshAll, type BatchParts, type BatchReport } from './refresh-due.js';

/** Milliseconds throughout. */
export interface PreloadOptions {
  /** How long before the expected activity this runs. Default 10 min. */
  before?: number;
  /** Over how long the calls are spread. Default 5 min; at most `before`. */
  spread?: number;
  /** Most families refreshed by one call. Default 1,000. */
  limit?: number;
  /** Families unused for longer are left alone. Default 8 days: those who come once a week still count. */
  seenWithin?: number;
}

const PARALLEL = 8;
/** Families given back at once. */
const BACK = 200;

interface Preloading extends BatchParts {
  activity: Activity;
  random: ServerRandom;
}

/**
 * Goes through the queue for those who usually come: they were last seen yesterday, and whoever was seen since is before them
 * in it. Who is there now without that habit is `refreshDue`'s, at once.
 */
async function expected({ store, activity }: Preloading, claim: DueClaim, comes: number): Promise<string[]> {
  const likely: string[] = [];
  const others: string[] = [];
  try {
    for (let more = true; more && likely.length < claim.limit; ) {
      const claimed = await store.claimDue(claim);
      const judged = await Promise.all(claimed.map((family) => activity.expected(family, comes).catch(() => false)));
      claimed.forEach((family, at) => (judged[at] && likely.length < claim.limit ? likely : others).push(family));
      more = claimed.length === claim.limit;
    }
  } finally {
    // A store that does not answer keeps them until the claim lapses.
    for (let from = 0; from < others.length; from += BACK) await store.unclaim(others.slice(from, from + BACK)).catch(() => {});
  }
  return likely;
}

export async function preload(parts: Preloading, options: PreloadOptions = {}): Promise<BatchReport> {
  const { before = 600_000, limit = 1_000, seenWithin = 8 * 86_400_000 } = options;
  const spread = Math.min(options.spread ?? 300_000, before);
  const { store, clock, random } = parts;
  const comes = (await store.now()) + before;
  // A token that ends before they come, or soon after, is none to them.
  const minTtlMs = 2 * before;
  const claim = { service: parts.service, withinMs: minTtlMs, limit, leaseMs: spread + 60_000, seenWithinMs: seenWithin };
  const families = await expected(parts, claim, comes);

  const total: BatchReport = { claimed: families.length, refreshed: 0, fresh: 0, ended: 0, failed: 0, stopped: false };
  const started = clock.now();
  const step = spread / Math.max(1, families.length);
  // Chunks of a few, each at a time of its own within its part of the spread.
  for (let from = 0; from < families.length && !total.stopped; from += PARALLEL) {
    const chunk = families.slice(from, from + PARALLEL);
    const planned = started + step * (from + chunk.length * random.next());
    await pause(clock, Math.max(0, planned - clock.now()));
    const report = await refreshAll(parts, chunk, { minTtlMs, parallel: PARALLEL });
    for (const name of ['refreshed', 'fresh', 'ended', 'failed'] as const) total[name] += report[name];
    total.stopped = report.stopped;
  }
  return total;
}
