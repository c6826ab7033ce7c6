/** Where access tokens come from: signed here, or mediated from a provider. */
import type { FamilyRecord, TokenRecord } from '../families/family.js';
import type { Wanted } from '../handler/wanted.js';
import type { LocalIssuer } from '../issuer/local-issuer.js';
import type { TokenAsk } from '../store.js';
import type { Mediator, Obtained } from './mediator.js';
import type { Revoker } from './revoker.js';
import type { SealedTokens } from './sealed-tokens.js';

export interface TokenSource {
  /** True when the store's atomic step may mint by itself. */
  readonly mints: boolean;
  /** Names whose `sub` the users have. */
  readonly issuer: string;
  /** What a caller may ask for as `resource`; `null` for anything. */
  readonly resources: ReadonlySet<string> | null;
  /** The text of a cached token; `undefined` when it cannot be opened. */
  reveal(family: FamilyRecord, wanted: Wanted, token: TokenRecord): Promise<string | undefined>;
  /** Gets a token that the store does not have. */
  obtain(family: FamilyRecord, wanted: Wanted, ask: TokenAsk): Promise<Obtained>;
  /** Makes what the provider gave worthless, detached and with retries. */
  revoke(family: string): void;
}

export function localTokens(issuer: LocalIssuer): TokenSource {
  return {
    mints: true,
    issuer: issuer.url,
    resources: issuer.resources,
    reveal: (family, { scopes, resource }, token) => issuer.sign(family, token, scopes, resource),
    obtain: () => Promise.reject(new Error('The local issuer mints in the store; nothing is ever needed.')),
    revoke: () => {},
  };
}

export function mediatedTokens(parts: {
  issuer: string;
  resources: ReadonlySet<string> | null;
  sealed: SealedTokens;
  mediator: Mediator;
  revoker: Revoker;
  /** True when the client's scopes may have cut the grant down, so that a refresh has to say which it wants. */
  narrowed(family: FamilyRecord): boolean;
}): TokenSource {
  return {
    mints: false,
    issuer: parts.issuer,
    resources: parts.resources,
    reveal: (family, _, token) => parts.sealed.openAccess(family.id, token),
    obtain(family, { scopes, resource }, ask) {
      const whole = scopes.length === family.scopes.length && !parts.narrowed(family);
      return parts.mediator.obtain(family.id, ask, {
        ...(whole ? {} : { scope: scopes.join(' ') }),
        ...(resource === null ? {} : { resource }),
      });
    },
    revoke: (family) => parts.revoker.revoke(family),
  };
}
