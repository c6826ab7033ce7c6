/**
 * The rotation of a family's cookie: attempt-bound single successor.
 *
 * One total function over plain data. No clock, no I/O, no crypto: the store calls it inside its
 * atomic operation (memory, SQLite) or ports it (Redis Lua, compared with this one differentially).
 *
 * Two constants of the network carry the proofs: D, after which a sender abandons its request, and Q,
 * the longest a request is in transit. `raceMs` is C ≥ D + Q, `floorMs` is M > D + Q.
 * All times are milliseconds of the *store's* clock.
 *
 * @see docs/threat-model.md for what the model check of this very function covers.
 */
import type { EndedReason, RefreshReason } from '../contract/wire.js';

/**
 * How many winners a family remembers: the longest chain of lost cookies that can be replayed.
 * Six is the least that survives two kills within one flush; docs/decisions/0010-depth-of-the-chain.md.
 */
export const WINNERS_KEPT = 6;

/** What rotation remembers of a family. JSON-able; ids are hashed by the caller. */
export interface RotationState {
  /** Number of the newest cookie. Raised by one per rotation; the login's cookie is 0. */
  readonly rot: number;
  /** `winners[i]` is the attempt that won rotation `rot − i`. Newest first, at most `WINNERS_KEPT`. */
  readonly winners: readonly string[];
  /** When `rot` was reached by a rotation (login counts as one) or by healing. A replay never moves it. */
  readonly rotatedAt: number;
  /** Set by healing after a store rollback, cleared by the next rotation. */
  readonly healedAt: number | null;
  readonly state: 'active' | 'ended';
  /** `null` while active. */
  readonly endedReason: EndedReason | null;
  readonly absoluteExpiry: number;
  readonly idleExpiry: number;
}

/** One cookie presented once, its MAC already verified. */
export interface Presentation {
  /** The rotation number in the cookie. */
  readonly rot: number;
  readonly reason: RefreshReason;
  /** Hashed ids: the request's own attempt first, then the client's winners, newest first. */
  readonly ids: readonly [attempt: string, ...winners: string[]];
  readonly now: number;
  /** The access token the store holds for this (scope, resource), or `null`. */
  readonly cached: { readonly lifetimeMs: number; readonly remainingMs: number } | null;
  /** Life the caller needs. */
  readonly minTtlMs: number;
}

export interface RotationLimits {
  /** C: how long after a rotation the previous cookie still gets an access token. */
  readonly raceMs: number;
  /** M: least time between two rotations. */
  readonly floorMs: number;
  /** Idle expiry of the family's client; slides on `healed` and with every cookie sent. */
  readonly idleMs: number;
}

/**
 * `next` is the same object as the state that came in whenever there is nothing to write: only `rotated`,
 * `healed`, `reuse` and (idle expiry alone) whatever else sends a cookie change anything.
 * On the wire `healed` is `coalesced`, `spent` is 409 `attempt_spent`, `reuse` and `dead` are `invalid_grant`.
 * `settled` is the presented id to file among the winners; `sendCookie` goes with whatever status follows.
 */
export type Verdict =
  | { decision: 'rotated' | 'replayed'; next: RotationState; sendCookie: true; settled: string; reason: null }
  | { decision: 'raced' | 'coalesced' | 'cached' | 'healed'; next: RotationState; sendCookie: false; settled: null; reason: null }
  /** No token: settle the id and present again. With a cookie when an older one was presented late. */
  | { decision: 'spent'; next: RotationState; sendCookie: boolean; settled: string; reason: null }
  | { decision: 'reuse' | 'dead'; next: RotationState; sendCookie: false; settled: null; reason: EndedReason };

/** Decides what one presented cookie is worth. The cookie to send is always that of `next.rot`. */
export function present(family: RotationState, presentation: Presentation, limits: RotationLimits): Verdict {
  const { rot, now } = presentation;
  // Rule 1 (its other half, an unknown family or a bad MAC, is decided before there is a state).
  if (family.state === 'ended') return dead(family, family.endedReason ?? 'revoked');
  if (now >= family.absoluteExpiry) return dead(family, 'expired');
  if (now >= family.idleExpiry) return dead(family, 'idle');

  if (rot === family.rot) return presentNewest(family, presentation, limits);
  if (rot < family.rot) return presentOlder(family, presentation, limits);
  return heal(family, presentation, limits);
}

/**
 * Rule 2, p = rot.
 *
 * There is deliberately no "same attempt id → replayed" here. With it:
 *
 *     victim   ──rotates to 5 with A──sleeps──────────────────────────────returns──► rotated, nobody caught
 *     thief             └ copies cookie 5 and the ledger that names A
 *     thief                  ├─ presents 5 + A → replayed, no rotation ── again ── again ── for ever
 *
 * Without it his first use has to rotate, and the victim's return presents a spent cookie.
 */
function presentNewest(family: RotationState, presentation: Presentation, limits: RotationLimits): Verdict {
  const age = presentation.now - family.rotatedAt;
  // Reloads and worker restarts cost nothing. The age limit is what keeps a thief who only ever says
  // `startup` from living on tokens minted for someone else without rotating.
  if (presentation.reason === 'startup' && cachedSuffices(presentation, age)) return unchanged(family, 'cached');

  // A second rotation before every copy of the first reply can have landed would strand the jar two behind:
  //
  //     0 ── rotated, Set-Cookie 1 on the wire (≤ D) ──────────────┐
  //     a request that left with cookie 0 may arrive until D + Q ──┘ and must find cookie 1 the newest
  if (age < limits.floorMs) return unchanged(family, 'coalesced');

  // An id wins once. A POST resent by the browser after its first copy had rotated and the cookie had
  // landed would otherwise rotate again under an id the ledger has already filed as settled.
  const attempt = presentation.ids[0];
  if (family.winners.includes(attempt)) {
    return { decision: 'spent', next: family, sendCookie: false, settled: attempt, reason: null };
  }
  const next: RotationState = {
    ...family,
    rot: family.rot + 1,
    winners: [attempt, ...family.winners].slice(0, WINNERS_KEPT),
    rotatedAt: presentation.now,
    healedAt: null,
    idleExpiry: slide(family, presentation.now, limits),
  };
  return { decision: 'rotated', next, sendCookie: true, settled: attempt, reason: null };
}

/**
 * Rules 3 and 4, p < rot.
 *
 *     lost reply      0 ──A rotates to 1── reply lost ───────────────────── 0 + [A] → replayed
 *     killed browser  0 ──A→1── 1 ──B→2── killed before the flush: jar 0 ── 0 + [C, B, A] → replayed
 *     race            0 ──A→1──┐ another browser context, other ids:        0 + [X] within C → raced
 *     thief           0 ──A→1── … he holds 0 and never saw A ────────────── 0 + [X] after C → reuse
 *
 * The newest cookie comes with a replay at any time, a token only within M. Later the answer is `spent`,
 * with the cookie: settle the id, present the new cookie under a new one. Else a thief with a cookie older
 * than its ledger (copied before the jar was flushed, or in mid-refresh) never has to rotate:
 *
 *     victim   5 ──sleeps────────────────────────────────────────────returns──► rotated, nobody caught
 *     thief      └ holds 4 and A ── 4 + [A] → replayed ── again ── again ── stops when the victim is back
 *
 * Every winner since p has to be shown, not only the last: a copied profile knows the past, never the
 * winners that came after the copy.
 */
function presentOlder(family: RotationState, presentation: Presentation, limits: RotationLimits): Verdict {
  const { now, ids } = presentation;
  const behind = family.rot - presentation.rot;
  const [last, ...earlier] = chain(family, behind);
  const earlierShown = earlier.every((winner) => winner !== null && ids.includes(winner));

  if (earlierShown && typeof last === 'string' && ids.includes(last)) {
    // The same cookie again. The clock of the rotation stays: if a replay moved it, a thief and a victim
    // who keep replaying would keep each other inside the floor for ever.
    const next = { ...family, idleExpiry: slide(family, now, limits) };
    const settled = family.winners.includes(ids[0]) ? ids[0] : last;
    const decision = now - family.rotatedAt < limits.floorMs ? 'replayed' : 'spent';
    return { decision, next, sendCookie: true, settled, reason: null };
  }
  if (earlierShown && now - family.rotatedAt <= limits.raceMs) return unchanged(family, 'raced');
  // After healing the store cannot tell the past from a theft: nobody is blamed until M has gone by.
  if (family.healedAt !== null && now - family.healedAt < limits.floorMs) return unchanged(family, 'raced');

  const next: RotationState = { ...family, state: 'ended', endedReason: 'reuse_detected' };
  return { decision: 'reuse', next, sendCookie: false, settled: null, reason: 'reuse_detected' };
}

/**
 * Rule 5, p > rot with a valid MAC: this server issued that cookie, so the store has rolled back
 * (an asynchronous failover). Take the client's word for the winners; it is the only memory left:
 *
 *     store   … 5 ──► 6 ──► 7 ✗ failover, back at 5
 *     client           7 + [next, w7, w6, w5] → rot := 7, winners := [w7, w6, w5]
 *     late copy        6 + [w7, …]            → replayed, because the winners were kept
 */
function heal(family: RotationState, presentation: Presentation, limits: RotationLimits): Verdict {
  const { rot, ids, now } = presentation;
  const winners = ids.length > 1 ? ids.slice(1, 1 + WINNERS_KEPT) : [ids[0]];
  const next: RotationState = {
    ...family,
    rot,
    winners,
    rotatedAt: now,
    healedAt: now,
    idleExpiry: slide(family, now, limits),
  };
  return { decision: 'healed', next, sendCookie: false, settled: null, reason: null };
}

/** Winners of rot, rot − 1, … back to the one that followed the presented cookie; `null` where forgotten. */
function chain(family: RotationState, behind: number): (string | null)[] {
  if (behind > WINNERS_KEPT) return [null, null];
  return Array.from({ length: behind }, (_, index) => family.winners[index] ?? null);
}

function cachedSuffices({ cached, minTtlMs }: Presentation, age: number): boolean {
  if (cached === null) return false;
  return cached.remainingMs >= Math.max(minTtlMs, cached.lifetimeMs / 4) && age < cached.lifetimeMs;
}

/** `cached`, `coalesced` and `raced` do not slide: they come within one lifetime, M or C of a rotation that did. */
function slide(family: RotationState, now: number, limits: RotationLimits): number {
  return Math.min(now + limits.idleMs, family.absoluteExpiry);
}

function unchanged(family: RotationState, decision: 'raced' | 'coalesced' | 'cached'): Verdict {
  return { decision, next: family, sendCookie: false, settled: null, reason: null };
}

function dead(family: RotationState, reason: EndedReason): Verdict {
  return { decision: 'dead', next: family, sendCookie: false, settled: null, reason };
}
