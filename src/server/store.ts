/**
 * What the endpoint needs from a store. Memory, SQLite and Redis implement it, and every one of them
 * runs the contract suite in `stores/contract.ts`, which `tabaton/testing` hands to yours.
 *
 * Rules for an implementation
 * - Times are epoch milliseconds of the **store's** clock (`now()`): Redis `TIME`, the database host, or
 *   the injected clock. The callers never send a time of their own to be compared.
 * - Every method that changes one family is atomic for that family across processes, and touches keys of
 *   that family only (one hash slot in a Redis cluster, one row in SQLite).
 * - `present` is one round trip. Its semantics are `families/present.ts`, a pure function: a store with
 *   transactions calls it, a store with scripts mirrors it.
 * - Nothing here is readable by whoever steals the store: attempt ids arrive hashed, upstream tokens
 *   arrive sealed, and the cookie is derived from a key the store never sees.
 * - A store that cannot answer throws {@link StoreUnavailableError}; the endpoint answers 503.
 */
import type { EndedReason, Outcome, RefreshReason } from '../contract/wire.js';
import type { FamilyRecord, TokenRecord } from './families/family.js';

/** What the endpoint needs from a store. Each operation is atomic, or it is no store: see the contract suite. */
export interface Store {
  /** Epoch milliseconds of the store's clock. */
  now(): Promise<number>;

  /**
   * Writes a new family and its indexes. An *ended* record of the same id is replaced (token-manager keys
   * have deterministic ids), an active one never: then the answer is `exists` and nothing changes.
   */
  create(family: FamilyRecord): Promise<'created' | 'exists'>;
  /** The family, tombstones included; `undefined` when unknown or past its absolute expiry. */
  read(id: string): Promise<FamilyRecord | undefined>;
  /** Ids of the families that carry this index, ended ones included, in no particular order. */
  find(index: string): Promise<string[]>;
  /** Id of the family that answers, logs and events call by this `sid` (`sidOf`), ended or not. May take seconds: for operators. */
  named(sid: string): Promise<string | undefined>;

  /** The atomic rotation: decides cookie and token independently, and writes both. */
  present(id: string, presentation: StorePresentation): Promise<Presented>;
  /** The token half of `present` alone: no cookie, no rotation, no idle slide (server-side helpers). */
  mint(id: string, ask: TokenAsk): Promise<Minted>;
  /**
   * Compare-and-set of the upstream credential on `upstream.ver`; a success raises `ver` by one, clears
   * `pending` and, when a token is given, raises `gen` and files the token under its key.
   */
  commit(id: string, commit: UpstreamCommit): Promise<Committed>;
  /** Writes the intent to spend the upstream refresh token, if `ver` still holds. `ver` stays. */
  intend(id: string, ver: number, pending: PendingCall): Promise<boolean>;
  /** Forgets the cached tokens with a generation ≤ `gen`, so that the next ask mints. */
  forget(id: string, gen: number): Promise<void>;
  /**
   * Notes that some process has an event stream of an active family open, for so long from now. It comes with every
   * answer of `present` (`watchedUntil`), so that a rotation nobody listens to asks for nothing more.
   */
  watch(id: string, forMs: number): Promise<void>;
  /**
   * Ends an active family: the record stays as a tombstone until its absolute expiry. True for the one
   * caller that ended it. Must survive a failover (`WAIT 1`) or throw.
   */
  end(id: string, reason: EndedReason): Promise<boolean>;

  /**
   * A lease on a name: `undefined` when it was not to be had within `waitMs`. A waiter is woken by a
   * release, with a jittered poll behind it, and gets the lease of a dead holder after its `ttlMs`.
   */
  acquire(name: string, options: { ttlMs: number; waitMs: number }): Promise<Lease | undefined>;

  /**
   * Takes due families for one worker: `dueAt ≤ now + withinMs`, seen within `seenWithinMs`, not claimed
   * by another worker; the most recently seen first. The claim lapses after `leaseMs`, or with the next
   * `commit`, whatever comes first. `service` says whose: those of exactly this `origin`, which begins with `service:`,
   * or with `null` those of every origin that does not. However many others are due, they stand in nobody's way.
   */
  claimDue(options: DueClaim): Promise<string[]>;
  /** Gives claimed families back: they are as due as before, for whoever asks next. */
  unclaim(ids: readonly string[]): Promise<void>;

  /** Adds an event to a topic; the id grows monotonically within its topic. */
  append(topic: string, event: EventInput): Promise<string>;
  /**
   * Delivers every event of a topic after the given id (only what comes from now on when it is
   * `undefined`), in order and exactly once per tail, until stopped. At least the last 64 events of a
   * topic are kept for an hour. Listeners never run inside the call. Resolves once listening.
   */
  tail(topic: string, after: string | undefined, listen: (event: StoredEvent) => void): Promise<() => void>;

  /**
   * Counts hits on a key in a window that starts at its first hit. Atomic; also the "only once" test.
   * `by` is 1 when absent; −1 takes a hit back (never below 0). The answer is the count after it.
   */
  hit(key: string, windowMs: number, by?: 1 | -1): Promise<{ count: number; resetMs: number }>;

  /** Small short-lived values: login transactions, device codes. `ifAbsent` makes it a claim. */
  put(key: string, value: string, options: { ttlMs: number; ifAbsent?: boolean }): Promise<boolean>;
  get(key: string): Promise<string | undefined>;
  /** Reads and deletes in one step: of two callers one gets the value. */
  take(key: string): Promise<string | undefined>;

  close(): Promise<void>;
}

/** One cookie presented at `POST /refresh`. Ids are hashed by the caller. */
export interface StorePresentation {
  /** The rotation number of the cookie: its MAC was verified before. */
  rot: number;
  /** `[attempt, ...winners]`, hashed, at most `MAX_IDS`. */
  ids: readonly [attempt: string, ...winners: string[]];
  reason: RefreshReason;
  /** C, in milliseconds. */
  raceMs: number;
  /** M, in milliseconds. */
  floorMs: number;
  token: TokenAsk;
}

/** Which token is wanted. */
export interface TokenAsk {
  /** Hash of (scope set, resource). */
  key: string;
  /** The generation the caller holds, or that an API rejected. */
  have: number | null;
  /** Milliseconds of life the token must have left to be served from the cache. */
  minTtlMs: number;
  /** True for `expiring`, `unauthorized` and `force`: never a generation ≤ `have`. */
  fresh: boolean;
  /** Least time between two mints of one key, in milliseconds. */
  mintGapMs: number;
  /**
   * Lifetime in milliseconds when the endpoint issues the token itself: the store then mints at once.
   * `null`: the token comes from upstream, and the store only says that one is `needed`.
   */
  lifetimeMs: number | null;
}

/** Whether a kept token will do, or one must be issued. */
export type TokenDecision =
  | { kind: 'served'; token: TokenRecord }
  | { kind: 'minted'; token: TokenRecord }
  | { kind: 'needed' }
  | { kind: 'limited'; retryAfterMs: number };

/** What `present` decided; `family` is the record after it, `now` the store's time of the decision. */
export type Presented =
  | { kind: 'unknown'; now: number }
  | { kind: 'ended'; reason: EndedReason; family: FamilyRecord; now: number }
  /** This very presentation revealed a theft and ended the family. */
  | { kind: 'reuse'; which: 'previous' | 'older'; family: FamilyRecord; now: number }
  /** The attempt id has won a rotation before. `sendCookie`: the newest cookie was not the presented one, send it along. */
  | { kind: 'spent'; settled: string; sendCookie: boolean; family: FamilyRecord; now: number }
  | {
      kind: 'accepted';
      /** `healed`: the store had rolled back and was moved forward; `coalesced` on the wire. */
      outcome: Outcome | 'healed';
      /** The hashed id, one of the presented, that the client may file as settled (rotated, replayed). */
      settled: string | null;
      token: TokenDecision;
      family: FamilyRecord;
      now: number;
    };

/** What became of asking a family for a token. */
export type Minted =
  | { kind: 'unknown'; now: number }
  | { kind: 'ended'; reason: EndedReason; family: FamilyRecord; now: number }
  | { kind: 'active'; token: TokenDecision; family: FamilyRecord; now: number };

/** Which due families a worker takes. */
export interface DueClaim {
  /** Whose they are: the `origin` of a token manager's families, `null` for those of the endpoints. */
  service: string | null;
  /** Due by then, in milliseconds from now. */
  withinMs: number;
  /** At most so many. */
  limit: number;
  /** For so long they are kept from other workers. */
  leaseMs: number;
  /** Seen at most so long ago. */
  seenWithinMs: number;
}

/** The note of a call to the provider that is under way. */
export interface PendingCall {
  /** Which process spends the refresh token: a name for the logs, not an address. */
  node: string;
  at: number;
}

/** What a call to the provider brought. */
export interface UpstreamCommit {
  /** The version that was read before the upstream was called. */
  ver: number;
  /** The sealed upstream tokens. */
  sealed: string;
  /** When the upstream refresh token dies; `null` when it does not say. */
  expiresAt: number | null;
  /** When the family should be refreshed ahead of demand; `null` takes it out of the queue. */
  dueAt: number | null;
  /** The access token that came along. */
  token: { key: string; lifetimeMs: number; sealed: string } | null;
}

/** How a compare-and-set ended. */
export type Committed =
  | { kind: 'committed'; family: FamilyRecord; token: TokenRecord | null; now: number }
  /** Somebody else was faster: `family` is what they left. */
  | { kind: 'conflict'; family: FamilyRecord; now: number }
  | { kind: 'ended'; reason: EndedReason; family: FamilyRecord; now: number }
  | { kind: 'unknown'; now: number };

/** A lock that expires. Losing it is not an error: whoever spent a credential still commits. */
export interface Lease {
  /** False when it was lost; then it is never regained. */
  renew(ttlMs: number): Promise<boolean>;
  /** Frees it for the next waiter; does nothing when it was lost. Never throws. */
  release(): Promise<void>;
}

/** An event on its way to other processes. */
export interface EventInput {
  type: 'rotated' | 'revoked' | 'signed_out' | 'expiring' | 'degraded' | 'invalidated';
  /** Flat and free of secrets. */
  data: Readonly<Record<string, string | number | boolean>>;
}

/** An event as the others read it. */
export interface StoredEvent extends EventInput {
  id: string;
  at: number;
}

/** The store is unreachable or refused a durable write: an outage, never a verdict on a session. */
export class StoreUnavailableError extends Error {
  static readonly code = 'store_unavailable';
  readonly code = 'store_unavailable';
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreUnavailableError';
  }
}
