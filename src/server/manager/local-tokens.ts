/**
 * Tokens this process has in hand. For `trustMs` they are used as they are; then the store is asked, which is how
 * an `invalidate` or `revoke` of another node arrives. While the store does not answer they are used until they expire:
 *
 *     node A   invalidate ─┐
 *     node B   ──used──────┴──used──┤ trustMs ├─ asks the store: forgotten ─► new token
 */
import { BoundedCache } from '../bounded-cache.js';
import type { TokenRecord } from '../families/family.js';
import type { ManagedToken } from './token-manager.js';

interface Local {
  token: ManagedToken;
  /** On this process's clock. */
  expiresAt: number;
  lifetimeMs: number;
  seenAt: number;
}

export interface LocalWish {
  minTtlMs: number;
  /** A generation that is not good enough any more. */
  have: number | null;
}

export interface LocalTokens {
  /** `asked`: when the store was asked, on this process's clock. What it has said is not true of any later moment. */
  keep(name: string, token: ManagedToken, record: TokenRecord, storeNow: number, asked: number): void;
  /** A token that needs no look at the store. */
  trusted(name: string, wish: LocalWish): ManagedToken | undefined;
  /** A token that will do while there is no store to look at. */
  valid(name: string, wish: LocalWish): ManagedToken | undefined;
  /** Everything of a family. */
  forget(family: string): void;
}

export function localTokens(now: () => number, trustMs: number, limit = 10_000): LocalTokens {
  const families = new BoundedCache<Map<string, Local>>(limit);
  const split = (name: string) => name.split(' ') as [family: string, key: string];
  const find = (name: string) => {
    const [family, key] = split(name);
    return families.get(family)?.get(key);
  };
  /** What is left of it now, not when it was kept. */
  const handed = ({ token, expiresAt }: Local): ManagedToken => ({ ...token, expiresInMs: expiresAt - now() });
  const newer = (local: Local, { have }: LocalWish) => have === null || local.token.gen > have;
  return {
    keep(name, token, record, storeNow, asked) {
      const [family, key] = split(name);
      const kept = families.get(family) ?? new Map<string, Local>();
      const before = kept.get(key);
      // An answer that was long under way must not replace what came after it. (A store that was lost counts from one again.)
      if (before && before.token.gen > token.gen && before.expiresAt > now()) return;
      const lifetimeMs = record.expiresAt - record.issuedAt;
      kept.set(key, { token, lifetimeMs, expiresAt: now() + (record.expiresAt - storeNow), seenAt: asked });
      families.set(family, kept);
    },
    trusted(name, wish) {
      const local = find(name);
      if (!local || !newer(local, wish) || now() - local.seenAt >= trustMs) return undefined;
      const enough = local.expiresAt - now() >= Math.min(wish.minTtlMs, local.lifetimeMs / 2);
      return enough && local.expiresAt > now() ? handed(local) : undefined;
    },
    valid(name, wish) {
      const local = find(name);
      return local && newer(local, wish) && local.expiresAt > now() ? handed(local) : undefined;
    },
    forget: (family) => families.delete(family),
  };
}
