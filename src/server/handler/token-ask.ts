/** Turns a request for a token into what the store decides on, and a token record into an answer. */
import type { Outcome, RefreshAnswer, RefreshReason } from '../../contract/wire.js';
import type { FamilyIdentity, FamilyRecord, TokenRecord } from '../families/family.js';
import type { TokenAsk } from '../store.js';
import type { Service, Settings } from './service.js';
import type { Wanted } from './wanted.js';

/** Reasons for which the token the caller holds is never the answer. */
export const FRESH: ReadonlySet<RefreshReason> = new Set<RefreshReason>(['expiring', 'unauthorized', 'force']);

export function tokenAsk(
  service: Service,
  family: Pick<FamilyIdentity, 'client'>,
  wanted: Wanted,
  request: { reason: RefreshReason; have: number | null; minTtlMs: number },
): TokenAsk {
  const { access } = clientOf(service, family);
  return {
    key: wanted.key,
    have: request.have,
    minTtlMs: request.minTtlMs,
    fresh: FRESH.has(request.reason),
    // Short-lived tokens are asked for more often than every five seconds.
    mintGapMs: Math.min(service.timing.mintGapMs, access / 4),
    lifetimeMs: service.tokens.mints ? Math.round(access * (1 - service.jitter * service.random.next())) : null,
  };
}

export function clientOf(service: Settings, family: Pick<FamilyIdentity, 'client'>) {
  return service.clients[family.client as keyof Settings['clients']] ?? service.clients.web;
}

export function tokenAnswer(
  family: FamilyRecord,
  wanted: Wanted,
  token: TokenRecord,
  accessToken: string,
  now: number,
  outcome: Outcome,
): RefreshAnswer {
  const lifetimeMs = token.expiresAt - token.issuedAt;
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: seconds(token.expiresAt - now, lifetimeMs),
    lifetime: seconds(lifetimeMs, lifetimeMs),
    ...(wanted.scopes.length > 0 ? { scope: wanted.scopes.join(' ') } : {}),
    gen: token.gen,
    sid: family.sid,
    session_at: family.createdAt,
    sub: family.sub,
    outcome,
    server_time: now,
    refresh_expires_in: Math.max(0, Math.floor((Math.min(family.idleExpiry, family.absoluteExpiry) - now) / 1_000)),
  };
}

/** Whole seconds as RFC 6749 has it, except for lives so short that rounding would be a good part of them. */
const seconds = (ms: number, lifetimeMs: number): number =>
  lifetimeMs < 60_000 ? Math.max(0, ms) / 1_000 : Math.max(0, Math.floor(ms / 1_000));
