/** An OAuth 2.0 / OpenID provider as an upstream: what the operator says about it. */
import type { AuthorizationServer } from 'oauth4webapi';
import { MisconfiguredError } from '../config/misconfigured.js';
import type { Place } from '../config/place.js';

/** An OAuth 2.0 or OpenID provider, and how this endpoint is registered there. */
export interface OidcOptions {
  /** The provider's issuer identifier; its metadata is discovered. */
  issuer: string;
  /** As registered at the provider. */
  clientId: string;
  /** A token-mediating backend is a confidential client. Leave it out only for a provider that has none. */
  clientSecret?: string;
  /** How the secret is sent. Default `client_secret_basic`. */
  clientAuth?: 'client_secret_basic' | 'client_secret_post';
  /** Asked for at login. Default `openid offline_access`. */
  scope?: string;
  /** Further authorization parameters, e.g. `{ prompt: 'consent' }`. The protocol's own cannot be set. */
  authorizationParams?: Readonly<Record<string, string>>;
  /** Resources (RFC 8707) a caller may ask a token for. */
  resources?: readonly string[];
  /** Metadata for a provider that publishes none. Default: OpenID Connect discovery. */
  metadata?: Omit<AuthorizationServer, 'issuer'>;
  /** Who the user is, when the provider is not OpenID: e.g. a call to its user endpoint with the token. */
  identify?: (accessToken: string) => Promise<{ sub: string }>;
  /** How the provider is reached. Default: the runtime's `fetch`. */
  fetch?: typeof fetch;
}

const OWN_PARAMS = ['response_type', 'response_mode', 'client_id', 'redirect_uri', 'state', 'nonce', 'code_challenge', 'code_challenge_method', 'scope'];

/** @throws MisconfiguredError */
export function checkOidc(options: OidcOptions, place: Place): void {
  let issuer: URL;
  try {
    issuer = new URL(options.issuer);
  } catch {
    throw new MisconfiguredError('upstream.issuer', `"${options.issuer}" is not a URL. Give the provider's issuer identifier.`);
  }
  const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(issuer.hostname);
  if (issuer.protocol !== 'https:' && !(loopback && place.dev && issuer.protocol === 'http:')) {
    throw new MisconfiguredError('upstream.issuer', `${issuer.origin} is not https. Plain http is for a provider on localhost with dev: true.`);
  }
  if (!options.clientId) throw new MisconfiguredError('upstream.clientId', 'is missing. Register a client at the provider.');
  if (options.clientSecret === '') throw new MisconfiguredError('upstream.clientSecret', 'is empty. Is its environment variable set? Leave it out for a client that has none.');
  for (const name of OWN_PARAMS) {
    if (options.authorizationParams && name in options.authorizationParams) {
      throw new MisconfiguredError('upstream.authorizationParams', `"${name}" is the endpoint's own. Remove it.`);
    }
  }
  if (!options.identify && !(options.scope ?? 'openid').split(' ').includes('openid')) {
    throw new MisconfiguredError('upstream.scope', 'has no "openid", so nobody says who the user is. Add it, or give identify().');
  }
}
