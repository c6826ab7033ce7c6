/**
 * One token per (client, user) for all nodes of a service, kept fresh: the mediator without cookies.
 *
 * What the usual hand-written manager gets wrong, and what stands here instead:
 *
 * - a slower refresh overwrites a newer token        → compare-and-set on the version that was read
 * - every waiter refreshes for itself                → one flight per process, one lease over all
 * - a one-time refresh token is spent twice          → re-read under the lease, intent before the call
 * - each node lives on a token of its own            → the token is in the store, a node only borrows it
 * - nobody can force a new token, or the last one    → `invalidate` and `revoke`, everywhere within a second
 */
import { preload, type PreloadOptions } from '../batch/preload.js';
import type { BatchReport, RefreshDueOptions } from '../batch/refresh-due.js';
import { systemClock } from '../clock.js';
import { NEVER } from '../families/family.js';
import { tokenKey, WHOLE } from '../handler/wanted.js';
import { within } from '../handler/within.js';
import type { Obtained } from '../mediation/mediator.js';
import { StoreUnavailableError, type TokenAsk } from '../store.js';
import type { GrantKey } from '../upstream/function-upstream.js';
import { UpstreamError } from '../upstream/upstream.js';
import { ensureGranted } from './first-grant.js';
import { localTokens } from './local-tokens.js';
import { managerBatch, refreshManaged } from './manager-batch.js';
import { familyOf } from './manager-key.js';
import type { TokenManagerOptions } from './manager-options.js';
import { managerParts, type ManagerParts } from './manager-parts.js';
import { retryingFetch } from './retrying-fetch.js';

/** An access token, as {@link TokenManager.get} gives it. */
export interface ManagedToken {
  /** As an API takes it: `Authorization: Bearer …`. */
  accessToken: string;
  /** Counts the tokens of a key: of two, the greater one is the newer. */
  gen: number;
  /** Epoch milliseconds of the store's clock. */
  expiresAt: number;
  /** Milliseconds it had left when it was handed out. */
  expiresInMs: number;
  /** Granted scopes, space-separated; empty when the service does not say. */
  scope: string;
}

/** Which token of a key is wanted. */
export interface TokenWish {
  /** Narrower scopes than granted, space-separated. */
  scope?: string;
  /** RFC 8707. */
  resource?: string;
  /** Milliseconds of life the token must have left. Default 10 s. */
  minTtl?: number;
  /** A generation that an API refused: the answer is a newer one. */
  rejected?: number;
}

/** Tokens for the services a Node process calls. */
export interface TokenManager {
  /**
   * A token that lives. Never `null`, never an expired one, never the one named in `rejected`.
   * @throws UpstreamError when there is none now; `retryAfterMs` says when to ask again.
   * @throws StoreUnavailableError when the store does not answer and no token is in hand.
   */
  get(key: GrantKey, wish?: TokenWish): Promise<ManagedToken>;
  /** Makes every node get a new token of this key, within a second. The grant is kept. */
  invalidate(key: GrantKey): Promise<void>;
  /** Ends the grant here and at the service (RFC 7009); every node stops using its tokens within a second. */
  revoke(key: GrantKey): Promise<void>;
  /** A `fetch` that sends the key's token, and once more with a newer one when the API answers 401. */
  fetch(key: GrantKey, wish?: Pick<TokenWish, 'scope' | 'resource'>): typeof fetch;
  /**
   * Refreshes tokens that end soon and were used within `seenWithin` (default one day). For a timer of the
   * application, in any number of processes at once. One bad key never stops the others.
   * @throws StoreUnavailableError when nothing could be claimed.
   */
  refreshDue(options?: RefreshDueOptions): Promise<BatchReport>;
  /** The same for keys that are usually used at this time of day, before they are, spread out. */
  preload(options?: PreloadOptions): Promise<BatchReport>;
}

/**
 * Builds a token manager. Options are checked at once.
 * @throws MisconfiguredError naming the option and what to do.
 * @example
 * const tokens = createTokenManager({
 *   store,
 *   upstream: { issuer: 'https://id.example', clientId: 'reports', clientSecret },
 * });
 * const { accessToken } = await tokens.get({ client: 'reports', user: 'ada' });
 */
export function createTokenManager(options: TokenManagerOptions): TokenManager {
  const ready = managerParts(options);
  const clock = options.clock ?? systemClock();
  const local = localTokens(() => clock.now(), options.trustMs ?? 500);
  const granting = new Map<string, Promise<void>>();

  function grantOnce(parts: ManagerParts, id: string, key: GrantKey): Promise<void> {
    const running = granting.get(id);
    if (running) return running;
    const flight = ensureGranted(parts, id, key).finally(() => granting.delete(id));
    granting.set(id, flight);
    return flight;
  }

  async function get(key: GrantKey, wish: TokenWish = {}): Promise<ManagedToken> {
    const parts = await ready();
    const id = await familyOf(parts.namespace, key);
    const scopes = wish.scope?.split(' ').filter((scope) => scope !== '') ?? [];
    const whole = scopes.length === 0 && wish.resource === undefined;
    const name = whole ? WHOLE : await tokenKey(scopes, wish.resource ?? null);
    const limits = { minTtlMs: wish.minTtl ?? 10_000, have: wish.rejected ?? null };
    const inHand = local.trusted(`${id} ${name}`, limits);
    if (inHand) return inHand;
    const ask: TokenAsk = {
      key: name,
      ...limits,
      fresh: wish.rejected !== undefined,
      mintGapMs: parts.mintGapMs,
      lifetimeMs: null,
    };
    const upstreamWish = { ...(scopes.length > 0 ? { scope: scopes.join(' ') } : {}), ...(wish.resource === undefined ? {} : { resource: wish.resource }) };
    const asked = clock.now();
    try {
      const found = await within(clock, parts.patienceMs, find(parts, id, key, ask, upstreamWish));
      if (!found) throw refusalOf({ kind: 'slow' });
      const { family, token, accessToken, storeNow } = found;
      const managed = { accessToken, gen: token.gen, expiresAt: token.expiresAt, expiresInMs: token.expiresAt - storeNow, scope: (whole ? family.scopes : scopes).join(' ') };
      local.keep(`${id} ${name}`, managed, token, storeNow, asked);
      parts.detach('note activity', parts.activity.seen(id, storeNow));
      return managed;
    } catch (error) {
      // The store is down, the token in hand is not.
      const spare = error instanceof StoreUnavailableError ? local.valid(`${id} ${name}`, limits) : undefined;
      if (spare) return spare;
      throw error;
    }
  }

  async function find(parts: ManagerParts, id: string, key: GrantKey, ask: TokenAsk, wish: { scope?: string; resource?: string }) {
    // The token that was there may be unreadable, then its grant dead or unreadable, too: only then is the original grant asked.
    for (let round = 0; ; round += 1) {
      const held = await look(parts, id, ask, wish);
      const accessToken = held && (await parts.sealed.openAccess(id, held.token));
      if (accessToken !== undefined) return { ...held!, accessToken };
      if (round === 2) throw new UpstreamError('unavailable', 'The grant ended as soon as it was made.', { retryAfterMs: 1_000 });
      if (!held) await grantOnce(parts, id, key);
      else {
        parts.observe({ type: 'fault', what: 'open a stored token', message: 'It cannot be decrypted: is a server key missing? A new one is asked for.' });
        await parts.store.forget(id, held.token.gen);
      }
    }
  }

  /** `undefined` when there is no living grant. */
  async function look(parts: ManagerParts, id: string, ask: TokenAsk, wish: { scope?: string; resource?: string }) {
    const minted = await parts.store.mint(id, ask);
    if (minted.kind !== 'active') return undefined;
    const { token: decision, family, now: storeNow } = minted;
    if (decision.kind === 'served' || decision.kind === 'minted') return { family, token: decision.token, storeNow };
    if (decision.kind === 'limited') throw tooSoon(decision.retryAfterMs);
    const obtained = await parts.mediator.obtain(id, ask, wish);
    if (obtained.kind === 'token') return { family: obtained.family, token: obtained.token, storeNow: obtained.now };
    if (obtained.kind === 'ended') return undefined;
    throw refusalOf(obtained);
  }

  return {
    get,
    async invalidate(key) {
      const parts = await ready();
      const id = await familyOf(parts.namespace, key);
      local.forget(id);
      const family = await parts.store.read(id);
      if (family) await parts.store.forget(id, family.gen);
    },
    async revoke(key) {
      const parts = await ready();
      const id = await familyOf(parts.namespace, key);
      local.forget(id);
      // Whoever ended it: the first answer may have been lost, and a grant that is revoked twice is revoked.
      await parts.store.end(id, 'revoked');
      parts.revoker.revoke(id);
    },
    async refreshDue(due) {
      const parts = await ready();
      return refreshManaged(parts, managerBatch(parts), due);
    },
    async preload(ahead) {
      const parts = await ready();
      return preload({ ...managerBatch(parts), activity: parts.activity, random: parts.random }, { seenWithin: NEVER, ...ahead });
    },
    fetch: (key, wish = {}) => retryingFetch((rejected) => get(key, { ...wish, ...(rejected === undefined ? {} : { rejected }) })),
  };
}

const tooSoon = (retryAfterMs: number) =>
  new UpstreamError('unavailable', 'A newer token was asked for too soon after the last one.', { retryAfterMs });

function refusalOf(obtained: Exclude<Obtained, { kind: 'token' | 'ended' }>): UpstreamError {
  switch (obtained.kind) {
    case 'limited':
      return tooSoon(obtained.retryAfterMs);
    case 'locked':
      return new UpstreamError('unavailable', 'Another node is refreshing this key.', { retryAfterMs: 1_000 });
    case 'slow':
      return new UpstreamError('timeout', 'The service has not answered yet; the call goes on.', { retryAfterMs: 1_000 });
    case 'failed':
      return obtained.error;
  }
}
