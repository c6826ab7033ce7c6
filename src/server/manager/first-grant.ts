/**
 * The first tokens of a key, and the way back after a definitive `invalid_grant`: one call over all nodes.
 *
 *     node A   lease ─► nobody there ─► grant ─► create
 *     node B   waits ───────────────────────────► lease ─► somebody is there: nothing to do
 */
import { base64url } from '../encoding.js';
import { deathOf, NEVER, newFamily, type FamilyRecord } from '../families/family.js';
import { sidOf } from '../families/sid.js';
import { fileToken } from '../families/tokens.js';
import { WHOLE } from '../handler/wanted.js';
import { keepLease } from '../mediation/lease-keeper.js';
import type { GrantKey } from '../upstream/function-upstream.js';
import { upstreamFailure } from '../upstream/failure.js';
import { inTime } from '../upstream/in-time.js';
import { UpstreamError, type UpstreamTokens } from '../upstream/upstream.js';
import { ownerOf } from './manager-key.js';
import type { ManagerParts } from './manager-parts.js';

const LEASE_MS = 30_000;
const CALL_MS = 20_000;

/** Sees to it that the key has a living family. @throws UpstreamError, StoreUnavailableError */
export async function ensureGranted(parts: ManagerParts, id: string, key: GrantKey): Promise<void> {
  const { store, clock, observe } = parts;
  const lease = await store.acquire(`grant:${id}`, { ttlMs: LEASE_MS, waitMs: parts.lockWaitMs });
  if (!lease) {
    observe({ type: 'lock', result: 'timeout' });
    throw new UpstreamError('unavailable', 'Another node is getting the first token of this key.', { retryAfterMs: 1_000 });
  }
  const stop = keepLease(clock, lease, LEASE_MS, () => observe({ type: 'lock', result: 'lost' }));
  try {
    const before = await store.read(id);
    if (before && deathOf(before, await store.now()) === null) return;
    const tokens = await firstTokens(parts, key);
    observe({ type: 'upstream', result: 'ok' });
    const family = await granted(parts, id, key, tokens, before);
    if ((await store.create(family)) === 'exists') await discard(parts, tokens);
  } finally {
    stop();
    await lease.release();
  }
}

async function firstTokens({ clock, upstream, observe }: ManagerParts, key: GrantKey): Promise<UpstreamTokens> {
  try {
    return await inTime(clock, CALL_MS, (signal) => upstream.grant(key, signal));
  } catch (error) {
    const failure = upstreamFailure(error);
    observe({ type: 'upstream', result: failure.code });
    throw failure;
  }
}

async function granted(
  { store, sealed, random, namespace, absoluteMs, defaultLifetimeMs }: ManagerParts,
  id: string,
  { client, user }: GrantKey,
  tokens: UpstreamTokens,
  before: FamilyRecord | undefined,
): Promise<FamilyRecord> {
  const now = await store.now();
  const bare = newFamily({
    id,
    sid: await sidOf(id),
    client: 'service',
    credential: 'body',
    origin: ownerOf(namespace),
    sub: user,
    claims: {},
    scopes: tokens.scope?.split(' ').filter((scope) => scope !== '') ?? [],
    label: client.slice(0, 80),
    parent: null,
    salt: base64url(random.bytes(16)),
    indexes: [],
    createdAt: now,
    absoluteExpiry: Math.min(NEVER, now + absoluteMs),
    idleMs: NEVER,
  });
  const lifetimeMs = tokens.expiresInMs ?? defaultLifetimeMs;
  // Generations go on where the last family of the key ended: who holds an older one is told so.
  const { family } = fileToken({ ...bare, gen: before?.gen ?? 0 }, WHOLE, lifetimeMs, await sealed.sealAccess(id, tokens.accessToken), now);
  return {
    ...family,
    upstream: {
      // So do versions: a refresh of the old grant that is still under way must not take this one for its own.
      ver: (before?.upstream?.ver ?? 0) + 1,
      sealed: await sealed.sealGrant(id, tokens),
      expiresAt: tokens.refreshExpiresInMs === undefined ? null : now + tokens.refreshExpiresInMs,
      pending: null,
    },
    dueAt: tokens.refreshToken === undefined ? null : now + lifetimeMs,
  };
}

/** The lease was lost and somebody else was faster: one live token per key, not two. */
async function discard({ upstream, detach }: ManagerParts, tokens: UpstreamTokens): Promise<void> {
  if (upstream.revoke) detach('revoke upstream', upstream.revoke(tokens, AbortSignal.timeout(CALL_MS)));
}
