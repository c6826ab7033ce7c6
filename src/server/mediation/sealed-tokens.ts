/** Upstream tokens at rest: encrypted, and bound to the family they belong to. */
import type { FamilyRecord, TokenRecord } from '../families/family.js';
import type { Sealer } from '../keys/seal.js';
import type { UpstreamTokens } from '../upstream/upstream.js';

export interface SealedTokens {
  sealAccess(family: string, accessToken: string): Promise<string>;
  openAccess(family: string, token: TokenRecord): Promise<string | undefined>;
  /** Everything but the access token, which has a place and a life of its own. */
  sealGrant(family: string, tokens: UpstreamTokens): Promise<string>;
  openGrant(family: FamilyRecord): Promise<UpstreamTokens | undefined>;
}

export function sealedTokens(sealer: Sealer): SealedTokens {
  return {
    sealAccess: (family, accessToken) => sealer.seal(`access ${family}`, accessToken),
    openAccess: async (family, { sealed }) => (sealed === null ? undefined : sealer.open(`access ${family}`, sealed)),
    sealGrant: (family, { refreshToken, scope, idToken }) =>
      sealer.seal(`grant ${family}`, JSON.stringify({ accessToken: '', refreshToken, scope, idToken })),
    async openGrant({ id, upstream }) {
      const opened = upstream ? await sealer.open(`grant ${id}`, upstream.sealed) : undefined;
      return opened === undefined ? undefined : (JSON.parse(opened) as UpstreamTokens);
    },
  };
}
