/**
 * One upstream refresh per family, over contexts, requests and nodes, and none of them lost.
 *
 *     flight (one per family and key in this process)
 *       └ lease (one per family over all nodes) ─► re-read ─► still needed? ─► intent ─► call ─► compare-and-set
 *
 * The lease is thrift, the compare-and-set is safety: the provider cannot check a fencing token. The call runs
 * detached from every request, because a browser that leaves must not take a spent refresh token with it.
 */
import type { EndedReason } from '../../contract/wire.js';
import { pause, type ServerClock } from '../clock.js';
import { deathOf, type FamilyRecord, type TokenRecord } from '../families/family.js';
import { decideToken } from '../families/tokens.js';
import { within } from '../handler/within.js';
import type { Observe } from '../observe.js';
import type { PendingCall, Store, TokenAsk } from '../store.js';
import { upstreamFailure } from '../upstream/failure.js';
import { inTime } from '../upstream/in-time.js';
import { UpstreamError, type Upstream, type UpstreamTokens, type UpstreamWish } from '../upstream/upstream.js';
import { inTurn } from './in-turn.js';
import { keepCommit, LONGEST_PAUSE_MS } from './keep-commit.js';
import { keepLease } from './lease-keeper.js';
import type { SealedTokens } from './sealed-tokens.js';

/** What a caller waited for, in milliseconds. */
export interface Spent {
  lockMs: number;
  upstreamMs: number;
}

export type Obtained = { spent?: Spent } & Outcome;

type Outcome =
  | { kind: 'token'; family: FamilyRecord; token: TokenRecord; now: number }
  | { kind: 'ended'; reason: EndedReason; family: FamilyRecord }
  | { kind: 'limited'; retryAfterMs: number }
  /** The lock was not to be had in time. */
  | { kind: 'locked' }
  /** Nobody has answered yet; the call goes on. */
  | { kind: 'slow' }
  | { kind: 'failed'; error: UpstreamError };

export interface MediatorParts {
  store: Store;
  clock: ServerClock;
  observe: Observe;
  sealed: SealedTokens;
  upstream: Upstream;
  /** Names this process in intents. */
  node: string;
  /** How long the caller waits for lock and upstream together; the flight itself goes on. */
  patienceMs: number;
  lockWaitMs: number;
  /** The hard limit of one upstream call. Default 20 s. */
  callTimeoutMs?: number;
  /** Term of the lease. Default 30 s. */
  leaseMs?: number;
  /** Life of an access token whose service does not say. */
  defaultLifetimeMs(family: FamilyRecord): number;
  /** True when a grant that nobody can open may end, because another can be had without anybody who signs in. Default false. */
  replaceable?: boolean;
  detach(what: string, work: Promise<unknown>): void;
  /** The provider has ended the grant: the family is dead, others are to be told. */
  onEnded(family: FamilyRecord, reason: EndedReason): void;
}

export interface Mediator {
  obtain(family: string, ask: TokenAsk, wish: UpstreamWish): Promise<Obtained>;
}

export function mediator(given: MediatorParts): Mediator {
  const parts: Parts = { ...given, turns: new Map() };
  const flights = new Map<string, Flight>();

  function flightOf(id: string, ask: TokenAsk, wish: UpstreamWish): Flight {
    const name = `${id} ${ask.key}`;
    const running = flights.get(name);
    if (running) return running;
    const spent: Spent = { lockMs: 0, upstreamMs: 0 };
    const result = refreshOnce(parts, id, ask, wish, spent).finally(() => flights.delete(name));
    const flight = { result, spent };
    flights.set(name, flight);
    parts.detach('refresh upstream', result);
    return flight;
  }

  return {
    async obtain(id, ask, wish) {
      for (let joined = 0; ; joined += 1) {
        const { result: running, spent } = flightOf(id, ask, wish);
        const result = await within(parts.clock, parts.patienceMs, running);
        if (result === undefined) return { kind: 'slow', spent: { ...spent, upstreamMs: parts.patienceMs - spent.lockMs } };
        // The flight may have been started for somebody who held an older token than this caller does.
        const tooOld = result.kind === 'token' && ask.fresh && ask.have !== null && result.token.gen <= ask.have;
        if (!tooOld || joined > 0) return { ...result, spent };
      }
    },
  };
}

interface Parts extends MediatorParts {
  /** The last in line of each family in this process. */
  readonly turns: Map<string, Promise<unknown>>;
}

interface Flight {
  result: Promise<Obtained>;
  /** Grows while the flight goes on. */
  spent: Spent;
}

/** The work under the lease. */
async function refreshOnce(parts: Parts, id: string, ask: TokenAsk, wish: UpstreamWish, spent: Spent): Promise<Obtained> {
  const { store, clock, observe } = parts;
  const started = clock.now();
  const leaseMs = parts.leaseMs ?? 30_000;
  const lease = await store.acquire(`refresh:${id}`, { ttlMs: leaseMs, waitMs: parts.lockWaitMs });
  spent.lockMs = clock.now() - started;
  if (!lease) {
    observe({ type: 'lock', result: 'timeout' });
    return { kind: 'locked' };
  }
  const stop = keepLease(clock, lease, leaseMs, () => observe({ type: 'lock', result: 'lost' }));
  try {
    return await inTurn(parts.turns, id, () => tryTwice(parts, id, ask, wish, spent));
  } finally {
    stop();
    await lease.release();
  }
}

/** When the provider says invalid_grant and somebody has moved on, theirs is tried once. */
async function tryTwice(parts: MediatorParts, id: string, ask: TokenAsk, wish: UpstreamWish, spent: Spent): Promise<Obtained> {
  const first = await step(parts, id, ask, wish, spent);
  const result = first === 'moved' ? await step(parts, id, ask, wish, spent) : first;
  return result === 'moved' ? { kind: 'failed', error: new UpstreamError('unavailable', 'The grant keeps changing.') } : result;
}

async function step(parts: MediatorParts, id: string, ask: TokenAsk, wish: UpstreamWish, spent: Spent): Promise<Obtained | 'moved'> {
  const { store, observe, sealed, clock } = parts;
  const now = await store.now();
  const family = await store.read(id);
  if (!family) return { kind: 'failed', error: new UpstreamError('unavailable', 'The session vanished from the store.') };
  const death = deathOf(family, now);
  if (death) return { kind: 'ended', reason: death, family };
  // Somebody may have refreshed while we waited for the lease: that is what it is for.
  const { token } = decideToken(family, { ...ask, lifetimeMs: null }, now);
  if (token.kind === 'served') return { kind: 'token', family, token: token.token, now };
  if (token.kind === 'limited') return { kind: 'limited', retryAfterMs: token.retryAfterMs };

  const grant = await sealed.openGrant(family);
  if (!grant || !family.upstream) {
    observe({ type: 'fault', what: 'open the upstream tokens', message: 'They cannot be decrypted: is a server key missing?' });
    if (parts.replaceable) return end(parts, family);
    return { kind: 'failed', error: new UpstreamError('malformed', 'The stored tokens cannot be opened.') };
  }
  const { ver, pending } = family.upstream;
  if (pending) observe({ type: 'upstream', result: 'resumed' });
  if (!(await store.intend(id, ver, { node: parts.node, at: now }))) return 'moved';
  let answer: UpstreamTokens;
  const called = clock.now();
  try {
    answer = await call(parts, (signal) => parts.upstream.refresh(grant, wish, signal));
  } catch (error) {
    return failed(parts, family, ask, upstreamFailure(error), now);
  } finally {
    spent.upstreamMs += clock.now() - called;
  }
  observe({ type: 'upstream', result: 'ok' });
  return keep(parts, family, ver, ask, wish, grant, answer, now);
}

const CALL_MS = 20_000;

const call = <T>({ clock, callTimeoutMs = CALL_MS }: MediatorParts, run: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  inTime(clock, callTimeoutMs, run);

async function keep(
  parts: MediatorParts,
  family: FamilyRecord,
  ver: number,
  ask: TokenAsk,
  wish: UpstreamWish,
  before: UpstreamTokens,
  answer: UpstreamTokens,
  started: number,
): Promise<Obtained> {
  const { store, sealed, clock } = parts;
  const { id } = family;
  const merged: UpstreamTokens = {
    accessToken: '',
    // RFC 6749 §6: a new refresh token replaces the old one; without a new one the old one stays.
    refreshToken: answer.refreshToken ?? before.refreshToken,
    idToken: answer.idToken ?? before.idToken,
    // The scope of a narrowed token says nothing about the grant.
    scope: wish.scope === undefined ? (answer.scope ?? before.scope) : before.scope,
  };
  const revoke = () => {
    const { upstream, detach } = parts;
    if (upstream.revoke) detach('revoke upstream', call(parts, (signal) => upstream.revoke!({ ...merged, accessToken: answer.accessToken }, signal)));
  };
  const lifetimeMs = answer.expiresInMs ?? parts.defaultLifetimeMs(family);
  const committed = await keepCommit(store, clock, family, {
    ver,
    sealed: await sealed.sealGrant(id, merged),
    expiresAt: answer.refreshExpiresInMs === undefined ? family.upstream!.expiresAt : started + answer.refreshExpiresInMs,
    dueAt: started + lifetimeMs,
    token: { key: ask.key, lifetimeMs, sealed: await sealed.sealAccess(id, answer.accessToken) },
  });
  switch (committed.kind) {
    case 'committed':
      return { kind: 'token', family: committed.family, token: committed.token!, now: committed.now };
    case 'ended':
      // Signed out during the call: what was just obtained must not stay alive at the provider.
      revoke();
      return { kind: 'ended', reason: committed.reason, family: committed.family };
    case 'conflict': {
      parts.observe({ type: 'upstream', result: 'conflict' });
      // The same, and signed in again meanwhile.
      if (committed.family.salt !== family.salt) revoke();
      const { token } = decideToken(committed.family, { ...ask, lifetimeMs: null }, committed.now);
      if (token.kind === 'served') return { kind: 'token', family: committed.family, token: token.token, now: committed.now };
      return { kind: 'failed', error: new UpstreamError('unavailable', 'Another node has refreshed meanwhile.') };
    }
    case 'unknown':
      return { kind: 'failed', error: new UpstreamError('unavailable', 'The session vanished from the store.') };
  }
}

async function failed(
  parts: MediatorParts,
  family: FamilyRecord,
  ask: TokenAsk,
  error: UpstreamError,
  now: number,
): Promise<Obtained | 'moved'> {
  const { store, observe } = parts;
  observe({ type: 'upstream', result: error.code });
  if (error.code === 'invalid_grant') {
    const { ver, pending } = family.upstream!;
    await outlast(parts, pending);
    const upstream = (await store.read(family.id))?.upstream;
    if (upstream && upstream.ver !== ver) return 'moved';
    // Whoever set out after us may have been first at the provider all the same.
    if (upstream?.pending && !isOurs(parts, upstream.pending)) return { kind: 'failed', error: new UpstreamError('unavailable', 'Another node is refreshing this grant.') };
    return end(parts, family);
  }
  // A token below the wanted life is better than none, unless the caller wants to be rid of that very one.
  const cached = family.tokens[ask.key];
  const usable = cached && cached.expiresAt > now && !(ask.fresh && cached.gen <= (ask.have ?? cached.gen));
  return usable ? { kind: 'token', family, token: cached, now } : { kind: 'failed', error };
}

const isOurs = ({ node }: MediatorParts, pending: PendingCall): boolean => pending.node === node;

/**
 * Whoever set out before us, and lost the lease, may have spent the grant, and what it brought is on its way:
 *
 *     node A   lease ─► intent ─► call ─────────────────► answer ─► commit
 *     node B      (the store forgets A's lease) lease ─► call ─► invalid_grant ··· looks again: A's token
 */
async function outlast(parts: MediatorParts, before: PendingCall | null): Promise<void> {
  if (!before || isOurs(parts, before)) return;
  const over = before.at + (parts.callTimeoutMs ?? CALL_MS) - (await parts.store.now());
  await pause(parts.clock, Math.max(0, over) + 2 * LONGEST_PAUSE_MS);
}

async function end({ store, onEnded }: MediatorParts, family: FamilyRecord): Promise<Obtained> {
  const reason = 'upstream_invalid_grant';
  if (await store.end(family.id, reason)) onEnded(family, reason);
  return { kind: 'ended', reason, family };
}
