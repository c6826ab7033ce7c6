/** Logout tokens of a provider. @see OpenID Connect Back-Channel Logout 1.0 §2.4–2.6 */
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import type { ServerClock } from '../clock.js';
import type { OidcOptions } from './oidc-options.js';
import type { Provider } from './provider.js';
import { UpstreamError } from './upstream.js';

/** Whom the provider has signed out: a session, or everything of a user. */
export interface LoggedOut {
  sub: string | null;
  sid: string | null;
  jti: string;
}

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** A logout token is for now; older ones are replays or lost mail. */
const MAX_AGE_S = 300;

type Reader = (token: string, signal: AbortSignal) => Promise<LoggedOut>;

export function logoutTokenReader(provider: Provider, options: OidcOptions, clock: ServerClock): Reader {
  let keys: { uri: string; set: ReturnType<typeof createRemoteJWKSet> } | undefined;
  const refuse = (why: string): never => {
    throw new UpstreamError('malformed', why);
  };
  return async (token, signal) => {
    const as = await provider.metadata(signal);
    if (!as.jwks_uri) return refuse('The provider publishes no keys.');
    if (keys?.uri !== as.jwks_uri) {
      keys = {
        uri: as.jwks_uri,
        set: createRemoteJWKSet(new URL(as.jwks_uri), options.fetch ? { [customFetch]: options.fetch as never } : {}),
      };
    }
    let payload;
    try {
      ({ payload } = await jwtVerify(token, keys.set, {
        issuer: as.issuer,
        audience: options.clientId,
        // No symmetric key and no "none": only what the provider signs with its published keys.
        algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
        requiredClaims: ['iat', 'jti', 'events'],
        maxTokenAge: MAX_AGE_S,
        clockTolerance: 30,
        currentDate: new Date(clock.now()),
      }));
    } catch (error) {
      const code = (error as { code?: string }).code;
      if (code === undefined || code === 'ERR_JWKS_TIMEOUT' || code === 'ERR_JOSE_GENERIC') {
        throw new UpstreamError('unavailable', 'The provider’s keys cannot be read now.', { cause: error });
      }
      return refuse(`The logout token does not verify (${code}).`);
    }
    const { sub, sid, jti, events, nonce } = payload as Record<string, unknown>;
    const event = typeof events === 'object' && events !== null ? (events as Record<string, unknown>)[EVENT] : undefined;
    if (typeof event !== 'object' || event === null) return refuse('The token carries no back-channel logout event.');
    if (nonce !== undefined) return refuse('A logout token must not carry a nonce.');
    if (typeof sub !== 'string' && typeof sid !== 'string') return refuse('The token names neither a user nor a session.');
    return {
      sub: typeof sub === 'string' ? sub : null,
      sid: typeof sid === 'string' ? sid : null,
      jti: String(jti),
    };
  };
}
