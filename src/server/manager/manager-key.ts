/** For whom a token is kept: encoded as a list, hashed, never concatenated. */
import { shortHash } from '../encoding.js';
import { SERVICE } from '../families/family.js';
import type { GrantKey } from '../upstream/function-upstream.js';

const LONGEST = 512;

/**
 * The family that keeps the tokens of a key. The texts are encoded as JSON first:
 *
 *     "a" + ":" + "b:c"  =  "a:b" + ":" + "c"      two keys, one place: user c of a:b gets the tokens of b:c
 *     ["a","b:c"]        ≠  ["a:b","c"]
 *
 * @throws RangeError for a key that cannot be one.
 */
export function familyOf(namespace: string, { client, user }: GrantKey): Promise<string> {
  for (const [name, value] of Object.entries({ client, user })) {
    if (typeof value !== 'string' || value.length > LONGEST) {
      throw new RangeError(`${name} of a token key must be a text of at most ${LONGEST} characters.`);
    }
  }
  return shortHash(JSON.stringify(['token-manager', namespace, client, user]));
}

/** What stands in a family for the origin of a browser: managers and endpoints of one store each refresh their own. */
export const ownerOf = (namespace: string): string => `${SERVICE}${namespace}`;
