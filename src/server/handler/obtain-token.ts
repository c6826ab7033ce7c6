/** A token for server-side code: from the store, or from the provider; no cookie is involved. */
import type { FamilyRecord, TokenRecord } from '../families/family.js';
import type { TokenAsk } from '../store.js';
import { UpstreamError } from '../upstream/upstream.js';
import type { Service } from './service.js';
import type { Wanted } from './wanted.js';

export type Found =
  | { kind: 'token'; family: FamilyRecord; token: TokenRecord; accessToken: string; now: number }
  | { kind: 'none' };

/** @throws UpstreamError when there is a session but no token now. */
export async function obtainToken(service: Service, family: FamilyRecord, wanted: Wanted, ask: TokenAsk): Promise<Found> {
  const minted = await service.store.mint(family.id, ask);
  if (minted.kind !== 'active') return { kind: 'none' };
  const { token: decision } = minted;
  if (decision.kind === 'limited') throw new UpstreamError('unavailable', 'Tokens are asked for too often.', { retryAfterMs: decision.retryAfterMs });
  if (decision.kind !== 'needed') return reveal(service, minted.family, wanted, decision.token, minted.now);
  const obtained = await service.tokens.obtain(family, wanted, ask);
  switch (obtained.kind) {
    case 'token':
      return reveal(service, obtained.family, wanted, obtained.token, obtained.now);
    case 'ended':
      return { kind: 'none' };
    case 'failed':
      throw obtained.error;
    default:
      throw new UpstreamError('unavailable', 'The provider has not answered yet.', { retryAfterMs: 1_000 });
  }
}

async function reveal(service: Service, family: FamilyRecord, wanted: Wanted, token: TokenRecord, now: number): Promise<Found> {
  const accessToken = await service.tokens.reveal(family, wanted, token);
  if (accessToken === undefined) throw new UpstreamError('malformed', 'The stored token cannot be opened: is a server key missing?');
  return { kind: 'token', family, token, accessToken, now };
}
