/**
 * Tokens this process has handed out, for the minutes in which the store does not answer:
 *
 *     store   ────────✗ down ───────────────────────────
 *     token   ├─ handed out ─── still valid: served ──┤ then 503
 *
 * Nothing is decided here that the store would decide otherwise: no rotation, no new token, no end of a session.
 */
import type { RefreshAnswer } from '../../contract/wire.js';
import { BoundedCache } from '../bounded-cache.js';
import type { FamilyRecord, TokenRecord } from '../families/family.js';
import { parseCredential } from '../keys/credential.js';
import type { Heard } from './call.js';
import { ok, type Draft } from './draft.js';
import { isNative, type Caller } from './gate.js';
import type { ReadRefresh } from './refresh-request.js';
import type { Service } from './service.js';
import { FRESH, tokenAnswer } from './token-ask.js';
import { wantedOf, type Wanted } from './wanted.js';

interface Warm {
  family: FamilyRecord;
  tokens: ReadonlyMap<string, { token: TokenRecord; accessToken: string }>;
  /** What to add to this process's clock to get the store's. */
  offset: number;
}

export interface WarmTokens {
  remember(family: FamilyRecord, wanted: Wanted, token: TokenRecord, accessToken: string, storeNow: number): void;
  forget(family: string): void;
  find(family: string): Warm | undefined;
  /** The text of exactly this token. */
  text(family: string, wanted: Wanted, token: TokenRecord): string | undefined;
}

export function warmTokens(now: () => number, limit = 10_000): WarmTokens {
  const families = new BoundedCache<Warm>(limit);
  return {
    remember(family, { key }, token, accessToken, storeNow) {
      // Only keys the store knows as well: memory must not grow by what a client thinks up.
      const known = families.get(family.id);
      const offset = storeNow - now();
      if (known?.tokens.get(key)?.accessToken === accessToken) {
        // The same again, as most answers are.
        Object.assign(known, { family, offset });
        return;
      }
      const before = [...(known?.tokens ?? [])].filter(([other]) => other in family.tokens);
      families.set(family.id, { family, tokens: new Map(before).set(key, { token, accessToken }), offset });
    },
    forget: (family) => families.delete(family),
    find: (family) => families.get(family),
    text(family, { key }, token) {
      const known = families.get(family)?.tokens.get(key);
      return known?.token.gen === token.gen && known.token.issuedAt === token.issuedAt ? known.accessToken : undefined;
    },
  };
}

/** A token that is still good, for the holder of a genuine cookie; `undefined` when there is none. */
export async function refreshFromMemory(
  service: Service,
  request: Heard,
  caller: Caller,
  read: ReadRefresh,
): Promise<Draft | undefined> {
  if ('draft' in read) return undefined;
  const { asked } = read;
  const cookies = await service.cookies.read(request.headers.get('Cookie'), caller.origin);
  const held = isNative(caller) ? [asked.credential ?? ''] : cookies.map(({ value }) => value).toReversed();
  for (const value of held) {
    const claimed = parseCredential(value);
    const warm = claimed && service.warm.find(claimed.family);
    if (!warm || warm.family.origin !== caller.origin || !(await service.credentials.verify(warm.family, claimed))) continue;
    const wanted = await wantedOf(warm.family, asked.scope, asked.resource, service.tokens.resources);
    const found = typeof wanted === 'string' ? undefined : warm.tokens.get(wanted.key);
    if (!found || typeof wanted === 'string') continue;
    const now = service.clock.now() + warm.offset;
    const unwanted = FRESH.has(asked.reason) && found.token.gen <= (asked.have ?? found.token.gen);
    if (unwanted || found.token.expiresAt <= now) continue;
    const body: RefreshAnswer = tokenAnswer(warm.family, wanted, found.token, found.accessToken, now, 'cached');
    return ok(body);
  }
  return undefined;
}
