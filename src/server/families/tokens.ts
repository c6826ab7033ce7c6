/**
 * Which access token a family's caller gets: pure, and independent of what happens to the cookie.
 * Losing a race for the cookie must never deny a token.
 */
import type { TokenAsk, TokenDecision } from '../store.js';
import type { FamilyRecord, TokenRecord } from './family.js';

/** Keys (scope set, resource) a family may hold tokens for; the token that expires first makes room. */
export const TOKENS_KEPT = 8;

/**
 * Serves the cached token, mints the next generation, or says why neither.
 *
 *     fresh (expiring, unauthorized, force):  cached gen > have → served: somebody refreshed meanwhile
 *                                             else minted, at most once per `mintGapMs`, else limited
 *     otherwise:                              long enough left → served, else minted
 */
export function decideToken(
  family: FamilyRecord,
  ask: TokenAsk,
  now: number,
): { family: FamilyRecord; token: TokenDecision } {
  const cached = family.tokens[ask.key];
  if (cached && suffices(cached, ask, now)) return { family, token: { kind: 'served', token: cached } };
  if (cached && ask.fresh) {
    const wait = cached.issuedAt + ask.mintGapMs - now;
    if (wait > 0) return { family, token: { kind: 'limited', retryAfterMs: wait } };
  }
  if (ask.lifetimeMs === null) return { family, token: { kind: 'needed' } };
  const { family: next, token } = fileToken(family, ask.key, ask.lifetimeMs, null, now);
  return { family: next, token: { kind: 'minted', token } };
}

function suffices(cached: TokenRecord, ask: TokenAsk, now: number): boolean {
  const left = cached.expiresAt - now;
  if (left <= 0) return false;
  const enough = left >= Math.min(ask.minTtlMs, (cached.expiresAt - cached.issuedAt) / 2);
  if (!ask.fresh) return enough;
  // Without `have` there is nothing to compare with: the caller wants another token than the one we know.
  return ask.have !== null && cached.gen > ask.have && enough;
}

/** Files a token of the next generation under its key. No token outlives its family. */
export function fileToken(
  family: FamilyRecord,
  key: string,
  lifetimeMs: number,
  sealed: string | null,
  now: number,
): { family: FamilyRecord; token: TokenRecord } {
  const token: TokenRecord = {
    gen: family.gen + 1,
    issuedAt: now,
    expiresAt: Math.min(now + lifetimeMs, family.absoluteExpiry),
    sealed,
  };
  const kept = Object.entries(family.tokens)
    .filter(([other, { expiresAt }]) => other !== key && expiresAt > now)
    .sort(([, a], [, b]) => b.expiresAt - a.expiresAt || b.gen - a.gen)
    .slice(0, TOKENS_KEPT - 1);
  return { family: { ...family, gen: token.gen, tokens: { ...Object.fromEntries(kept), [key]: token } }, token };
}
