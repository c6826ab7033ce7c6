/** Sign-in at an OpenID provider: code flow with PKCE. @see OpenID Connect Core §3.1, RFC 7636, RFC 9207 */
import * as oauth from 'oauth4webapi';
import type { Place } from '../config/place.js';
import type { ServerClock } from '../clock.js';
import { refuseOutage, upstreamFailure } from './failure.js';
import { inTime } from './in-time.js';
import { logoutTokenReader, type LoggedOut } from './logout-token.js';
import { tokensOf } from './oidc.js';
import type { OidcOptions } from './oidc-options.js';
import type { Provider } from './provider.js';
import { UpstreamError, type UpstreamTokens } from './upstream.js';

/** What the browser carries (sealed) while it is at the provider. */
export interface LoginSecrets {
  readonly verifier: string;
  readonly nonce: string;
}

export interface SignedIn {
  sub: string;
  /** The provider's own session, for back-channel logout. */
  upstreamSid: string | null;
  /** Granted scopes. */
  scopes: string[];
  tokens: UpstreamTokens;
}

export interface ProviderLogin {
  readonly issuer: string;
  /** @throws UpstreamError when the provider's metadata cannot be had. */
  begin(state: string): Promise<{ url: URL; secrets: LoginSecrets }>;
  /** @throws UpstreamError; `denied` of it is the provider's error code when the user or the provider said no. */
  complete(url: URL, state: string, secrets: LoginSecrets): Promise<SignedIn>;
  /** @throws UpstreamError when the token is not a logout token of this provider for this client. */
  readLogout(token: string): Promise<LoggedOut>;
}

const CALL_MS = 10_000;

export function providerLogin(
  provider: Provider,
  options: OidcOptions,
  place: Place,
  { clock }: { clock: ServerClock },
): ProviderLogin {
  const scope = options.scope ?? 'openid offline_access';
  const redirectUri = `${place.publicOrigin}${place.mount}/callback`;

  const bounded = <T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    inTime(clock, CALL_MS, run).catch((error: unknown) => {
      throw upstreamFailure(error);
    });
  const readLogout = logoutTokenReader(provider, options, clock);
  return {
    issuer: options.issuer,
    begin: (state) =>
      bounded((signal) =>
        provider.exchange(async (as) => {
          if (!as.authorization_endpoint) throw new UpstreamError('malformed', 'The provider publishes no authorization endpoint.');
          const secrets = { verifier: oauth.generateRandomCodeVerifier(), nonce: oauth.generateRandomNonce() };
          const url = new URL(as.authorization_endpoint);
          const parameters = {
            ...options.authorizationParams,
            response_type: 'code',
            client_id: options.clientId,
            redirect_uri: redirectUri,
            scope,
            state,
            code_challenge: await oauth.calculatePKCECodeChallenge(secrets.verifier),
            code_challenge_method: 'S256',
            ...(scope.split(' ').includes('openid') ? { nonce: secrets.nonce } : {}),
          };
          for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
          return { url, secrets };
        }, signal),
      ),
    complete: (url, state, { verifier, nonce }) =>
      bounded((signal) =>
        provider.exchange(async (as) => {
          const parameters = oauth.validateAuthResponse(as, provider.client, url, state);
          const response = await oauth.authorizationCodeGrantRequest(
            as, provider.client, provider.auth, parameters, redirectUri, verifier, provider.call(signal),
          );
          refuseOutage(response, clock.now());
          const openid = scope.split(' ').includes('openid');
          const answer = await oauth.processAuthorizationCodeResponse(as, provider.client, response, {
            expectedNonce: openid ? nonce : oauth.expectNoNonce,
            requireIdToken: openid,
          });
          const claims = oauth.getValidatedIdTokenClaims(answer);
          const sub = options.identify ? (await options.identify(answer.access_token)).sub : claims?.sub;
          if (!sub) throw new UpstreamError('malformed', 'The provider did not say who the user is.');
          const sid = claims?.['sid'];
          return {
            sub,
            upstreamSid: typeof sid === 'string' ? sid : null,
            scopes: (answer.scope ?? scope).split(' ').filter((part) => part !== ''),
            tokens: tokensOf(answer),
          };
        }, signal),
      ),
    readLogout: (token) => bounded((signal) => readLogout(token, signal)),
  };
}
