/**
 * The batch as the token manager runs it. Nobody presents a cookie here, so the store does not know who is in use:
 * the activity notes do. A key nobody has used lately leaves the queue; its next refresh brings it back.
 */
import { deathOf, NEVER } from '../families/family.js';
import { lives, refreshAll, type BatchParts, type BatchReport, type RefreshDueOptions } from '../batch/refresh-due.js';
import { WHOLE } from '../handler/wanted.js';
import { ownerOf } from './manager-key.js';
import type { ManagerParts } from './manager-parts.js';

export function managerBatch({ store, clock, observe, mediator, namespace, mintGapMs, bucket }: ManagerParts): BatchParts {
  return {
    store,
    clock,
    observe,
    bucket,
    service: ownerOf(namespace),
    async refresh(id, minTtlMs) {
      const family = await store.read(id);
      if (!family) return null;
      if (family.origin !== ownerOf(namespace)) return 'foreign';
      const now = await store.now();
      const death = deathOf(family, now);
      if (death) return { kind: 'ended', reason: death, family };
      const held = family.tokens[WHOLE];
      if (held && lives(held, minTtlMs, now)) return null;
      return mediator.obtain(id, { key: WHOLE, have: held?.gen ?? 0, minTtlMs, fresh: true, mintGapMs, lifetimeMs: null }, {});
    },
  };
}

export async function refreshManaged(parts: ManagerParts, batch: BatchParts, options: RefreshDueOptions = {}): Promise<BatchReport> {
  const { within = 300_000, limit = 100, seenWithin = 86_400_000, parallel = 8, claim = 120_000 } = options;
  const claimed = await parts.store.claimDue({ service: batch.service, withinMs: within, limit, leaseMs: claim, seenWithinMs: NEVER });
  const since = (await parts.store.now()) - seenWithin;
  // Who cannot be judged is in use: a call too many is better than a user who waits.
  const used = await Promise.all(claimed.map((id) => parts.activity.seenSince(id, since).catch(() => true)));
  await Promise.all(claimed.filter((_, at) => !used[at]).map((id) => leaveQueue(parts, id).catch(() => {})));
  return refreshAll(batch, claimed.filter((_, at) => used[at]), { minTtlMs: within, parallel });
}

/** Under the lease: the version moves, and a call under way must not find it moved. */
async function leaveQueue({ store, namespace }: ManagerParts, id: string): Promise<void> {
  const lease = await store.acquire(`refresh:${id}`, { ttlMs: 5_000, waitMs: 0 });
  if (!lease) return;
  try {
    const family = await store.read(id);
    if (family && family.origin !== ownerOf(namespace)) return await store.unclaim([id]);
    if (!family?.upstream || family.upstream.pending) return;
    const { ver, sealed, expiresAt } = family.upstream;
    await store.commit(id, { ver, sealed, expiresAt, dueAt: null, token: null });
  } finally {
    await lease.release();
  }
}
