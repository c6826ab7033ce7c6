/**
 * Refreshes families before somebody has to wait for it. Any number of processes may run it at once:
 *
 *     process 1   claim 100 ─► refresh … ─► claim 100 …
 *     process 2      claim the next 100 ─► refresh …
 *
 * A claim is a lease: what a dead process had claimed comes back. The mediator re-reads under its own lease, so that a
 * family that was claimed twice all the same is still refreshed once.
 */
import type { ServerClock } from '../clock.js';
import type { TokenRecord } from '../families/family.js';
import type { Obtained } from '../mediation/mediator.js';
import { messageOf, type Observe } from '../observe.js';
import type { Store } from '../store.js';
import { upstreamFailure } from '../upstream/failure.js';
import type { TokenBucket } from './token-bucket.js';

/** Milliseconds throughout. */
export interface RefreshDueOptions {
  /** Families whose token ends within this time are due. Default 5 min. */
  within?: number;
  /** Families taken by one call. Default 100. */
  limit?: number;
  /** Only families whose user was there within this time. Default 30 min. */
  seenWithin?: number;
  /** Calls under way at once. Default 8. */
  parallel?: number;
  /** For how long the taken families are kept from other processes. Default 2 min. */
  claim?: number;
}

/** What one call has done. */
export interface BatchReport {
  claimed: number;
  /** Refreshed at the provider. */
  refreshed: number;
  /** Somebody else had done it. */
  fresh: number;
  /** The provider has ended the grant, or the session is over. */
  ended: number;
  failed: number;
  /** True when the provider was out of order and the rest was left for later. */
  stopped: boolean;
}

/** What becomes of one family of a batch. */
export type BatchResult = 'refreshed' | 'fresh' | 'ended' | 'failed';

export interface BatchParts {
  readonly store: Store;
  readonly clock: ServerClock;
  readonly observe: Observe;
  readonly bucket: TokenBucket;
  /** Whose families these are: a token manager's, or `null` for the endpoints'. */
  readonly service: string | null;
  /**
   * Refreshes one family; `null` when its token lives for long enough, `foreign` when another endpoint or manager of this
   * store has to: its refresh token must not go to this one's provider. A provider's failure is told as one, even while
   * the old token still lives: what is good enough for a caller is not for a batch.
   */
  refresh(family: string, minTtlMs: number): Promise<Obtained | null | 'foreign'>;
}

/** Whether a token is good for so long; half of its own life is always enough. */
export function lives({ issuedAt, expiresAt }: TokenRecord, minTtlMs: number, now: number): boolean {
  return expiresAt - now >= Math.min(minTtlMs, (expiresAt - issuedAt) / 2);
}

/** So many outages in a row, and the provider is left alone. */
const OUTAGES = 5;

export async function refreshDue(parts: BatchParts, options: RefreshDueOptions = {}): Promise<BatchReport> {
  const { within = 300_000, limit = 100, seenWithin = 1_800_000, parallel = 8, claim = 120_000 } = options;
  const claimed = await parts.store.claimDue({ service: parts.service, withinMs: within, limit, leaseMs: claim, seenWithinMs: seenWithin });
  return refreshAll(parts, claimed, { minTtlMs: within, parallel });
}

export async function refreshAll(
  parts: BatchParts,
  families: readonly string[],
  { minTtlMs, parallel }: { minTtlMs: number; parallel: number },
): Promise<BatchReport> {
  const report: BatchReport = { claimed: families.length, refreshed: 0, fresh: 0, ended: 0, failed: 0, stopped: false };
  const queue = [...families];
  let outages = 0;

  async function one(family: string): Promise<BatchResult | undefined> {
    const started = await parts.store.now();
    await parts.bucket.take();
    const obtained = await parts.refresh(family, minTtlMs);
    if (obtained === 'foreign') {
      report.claimed -= 1;
      await parts.store.unclaim([family]);
      return undefined;
    }
    if (obtained === null) return 'fresh';
    switch (obtained.kind) {
      case 'token':
        outages = 0;
        return obtained.token.issuedAt >= started ? 'refreshed' : 'fresh';
      case 'ended':
        return 'ended';
      case 'failed': {
        const { code, retryAfterMs } = obtained.error;
        if (code === 'unavailable' || code === 'timeout') {
          outages += 1;
          parts.bucket.pause(retryAfterMs ?? 1_000);
        }
        return 'failed';
      }
      case 'slow':
        outages += 1;
        return 'failed';
      default:
        // Somebody is at it, or just was.
        return 'fresh';
    }
  }

  async function worker(): Promise<void> {
    for (let family = queue.shift(); family !== undefined; family = queue.shift()) {
      if (outages >= OUTAGES) {
        report.stopped = true;
        return;
      }
      // One bad row never stops the others.
      const result = await one(family).catch((error: unknown): BatchResult => {
        parts.observe({ type: 'fault', what: 'refresh ahead of demand', message: messageOf(upstreamFailure(error)) });
        return 'failed';
      });
      if (!result) continue;
      report[result] += 1;
      parts.observe({ type: 'batch', result });
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(parallel, families.length)) }, worker));
  return report;
}
