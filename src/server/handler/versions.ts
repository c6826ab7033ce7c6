/**
 * `strictVersion`: who asks for a token with an old number is told of the newer one, instead of being handed it.
 *
 *     A   have 7 ──► 8
 *     B   have 7 ──► 409, gen 8 ── looks in its own cache ── has 8, or asks again ──► 8
 *
 * For clients that keep one cache in several processes and want to know that somebody was faster. It is said once for
 * each number: a client that asks again gets the token, so that nobody starves who cannot find it elsewhere.
 */
import type { FamilyRecord } from '../families/family.js';
import type { Store } from '../store.js';
import type { Wanted } from './wanted.js';

const SAID_MS = 60_000;

export interface Versions {
  /** When it is not, `behind` is answered at once. */
  readonly strict: boolean;
  behind(family: FamilyRecord, wanted: Wanted, have: number | null, gen: number): Promise<boolean>;
}

export function versions(store: Store, strict: boolean): Versions {
  return {
    strict,
    async behind({ id }, { key }, have, gen) {
      if (!strict || have === null || have >= gen) return false;
      const { count } = await store.hit(`version:${id} ${key} ${have} ${gen}`, SAID_MS);
      return count === 1;
    },
  };
}
