/**
 * The atomic step of a store: one record and one presentation in, the record to write and the answer out.
 * Pure; stores with transactions call it, stores with scripts are compared with it.
 *
 * `family` is the very object that came in whenever there is nothing to write.
 */
import { present } from '../rotation.js';
import type { Committed, Minted, Presented, StorePresentation, TokenAsk, UpstreamCommit } from '../store.js';
import { deathOf, endFamily, type FamilyRecord } from './family.js';
import { decideToken, fileToken } from './tokens.js';

export function presentFamily(
  family: FamilyRecord,
  { rot, ids, reason, raceMs, floorMs, token: ask }: StorePresentation,
  now: number,
): { family: FamilyRecord; answer: Presented } {
  const cached = family.tokens[ask.key];
  const verdict = present(
    family,
    {
      rot,
      ids,
      reason,
      now,
      cached: cached
        ? { lifetimeMs: cached.expiresAt - cached.issuedAt, remainingMs: cached.expiresAt - now }
        : null,
      minTtlMs: ask.minTtlMs,
    },
    { raceMs, floorMs, idleMs: family.idleMs },
  );
  // The rotation hands back its part of the record; identity, tokens and upstream stay ours.
  const rotated = verdict.next === family ? family : { ...family, ...verdict.next, seenAt: now };
  switch (verdict.decision) {
    case 'dead':
      return { family, answer: { kind: 'ended', reason: verdict.reason, family, now } };
    case 'reuse': {
      const ended = endFamily(rotated, verdict.reason, now);
      const which = rot === family.rot - 1 ? 'previous' : 'older';
      return { family: ended, answer: { kind: 'reuse', which, family: ended, now } };
    }
    case 'spent':
      return { family: rotated, answer: { kind: 'spent', settled: verdict.settled, sendCookie: verdict.sendCookie, family: rotated, now } };
    default: {
      const { family: next, token } = decideToken(rotated, ask, now);
      return {
        family: next,
        answer: { kind: 'accepted', outcome: verdict.decision, settled: verdict.settled, token, family: next, now },
      };
    }
  }
}

export function mintFor(family: FamilyRecord, ask: TokenAsk, now: number): { family: FamilyRecord; answer: Minted } {
  const reason = deathOf(family, now);
  if (reason) return { family, answer: { kind: 'ended', reason, family, now } };
  const { family: next, token } = decideToken(family, ask, now);
  return { family: next, answer: { kind: 'active', token, family: next, now } };
}

export function commitUpstream(
  family: FamilyRecord,
  { ver, sealed, expiresAt, dueAt, token: fresh }: UpstreamCommit,
  now: number,
): { family: FamilyRecord; answer: Committed } {
  const reason = deathOf(family, now);
  if (reason) return { family, answer: { kind: 'ended', reason, family, now } };
  if (family.upstream?.ver !== ver) return { family, answer: { kind: 'conflict', family, now } };
  const swapped: FamilyRecord = { ...family, upstream: { ver: ver + 1, sealed, expiresAt, pending: null }, dueAt };
  if (!fresh) return { family: swapped, answer: { kind: 'committed', family: swapped, token: null, now } };
  const { family: next, token } = fileToken(swapped, fresh.key, fresh.lifetimeMs, fresh.sealed, now);
  return { family: next, answer: { kind: 'committed', family: next, token, now } };
}

/** Cached tokens up to a generation are forgotten; the counter stays, so nothing is issued twice. */
export function forgetTokens(family: FamilyRecord, gen: number): FamilyRecord {
  const kept = Object.entries(family.tokens).filter(([, token]) => token.gen > gen);
  if (kept.length === Object.keys(family.tokens).length) return family;
  return { ...family, tokens: Object.fromEntries(kept) };
}
