/** Which access token a caller asks for: scopes and resource, checked against what its family may have. */
import { base64url, sha256 } from '../encoding.js';
import type { FamilyIdentity } from '../families/family.js';

export interface Wanted {
  /** Names the token in the store; equal for equal scope sets. */
  readonly key: string;
  readonly scopes: readonly string[];
  readonly resource: string | null;
}

/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/**
 * Without a scope: everything the family was granted. A scope beyond that is refused, not silently dropped
 * (RFC 6749 §6: it "must not include any scope not originally granted").
 * @returns a sentence when it cannot be granted
 */
export async function wantedOf(
  family: Pick<FamilyIdentity, 'scopes'>,
  scope: string | undefined,
  resource: string | undefined,
  resources: ReadonlySet<string> | null,
): Promise<Wanted | string> {
  let scopes = family.scopes;
  if (scope !== undefined && scope !== '') {
    scopes = [...new Set(scope.split(' ').filter((part) => part !== ''))].sort();
    for (const part of scopes) {
      if (!SCOPE.test(part)) return 'A scope contains characters that no scope may have.';
      if (!family.scopes.includes(part)) return `The scope "${part}" was not granted to this session.`;
    }
  }
  if (resource !== undefined && resources !== null && !resources.has(resource)) {
    return 'The resource is not one this endpoint issues tokens for. Add it to `issuer.resources`.';
  }
  const whole = resource === undefined && scopes.length === family.scopes.length;
  return { key: whole ? WHOLE : await tokenKey(scopes, resource ?? null), scopes, resource: resource ?? null };
}

/** The key of everything a family was granted: by far the most asked for, so it costs no hash. */
export const WHOLE = 'all';

export async function tokenKey(scopes: readonly string[], resource: string | null): Promise<string> {
  const named = JSON.stringify([[...scopes].sort(), resource]);
  return base64url((await sha256(named)).subarray(0, 8));
}
