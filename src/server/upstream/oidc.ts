/** Refresh and revocation at an OAuth 2.0 / OpenID provider. @see RFC 6749 §6, RFC 7009, RFC 8707 */
import * as oauth from 'oauth4webapi';
import type { ServerClock } from '../clock.js';
import { refuseOutage } from './failure.js';
import type { Provider } from './provider.js';
import { UpstreamError, type Upstream, type UpstreamTokens } from './upstream.js';

export function oidcUpstream(provider: Provider, clock: ServerClock): Upstream {
  return {
    refresh: (tokens, wish, signal) =>
      provider.exchange(async (as) => {
        if (tokens.refreshToken === undefined) {
          throw new UpstreamError('invalid_grant', 'The provider gave no refresh token at login. Ask for offline_access.');
        }
        const parameters = new URLSearchParams();
        if (wish.scope !== undefined) parameters.set('scope', wish.scope);
        if (wish.resource !== undefined) parameters.set('resource', wish.resource);
        const response = await oauth.refreshTokenGrantRequest(as, provider.client, provider.auth, tokens.refreshToken, {
          ...provider.call(signal),
          additionalParameters: parameters,
        });
        refuseOutage(response, clock.now());
        return tokensOf(await oauth.processRefreshTokenResponse(as, provider.client, response));
      }, signal),
    revoke: (tokens, signal) =>
      provider.exchange(async (as) => {
        // A refresh token's revocation takes the access tokens of its grant with it (RFC 7009 §2.1).
        const token = tokens.refreshToken ?? tokens.accessToken;
        if (as.revocation_endpoint === undefined) return;
        const hint = tokens.refreshToken === undefined ? 'access_token' : 'refresh_token';
        const response = await oauth.revocationRequest(as, provider.client, provider.auth, token, {
          ...provider.call(signal),
          additionalParameters: { token_type_hint: hint },
        });
        refuseOutage(response, clock.now());
        await oauth.processRevocationResponse(response);
      }, signal),
  };
}

export function tokensOf(response: oauth.TokenEndpointResponse): UpstreamTokens {
  const refreshLife = response['refresh_expires_in'];
  return {
    accessToken: response.access_token,
    ...(response.expires_in === undefined ? {} : { expiresInMs: response.expires_in * 1_000 }),
    ...(response.refresh_token === undefined ? {} : { refreshToken: response.refresh_token }),
    ...(typeof refreshLife === 'number' && refreshLife > 0 ? { refreshExpiresInMs: refreshLife * 1_000 } : {}),
    ...(response.id_token === undefined ? {} : { idToken: response.id_token }),
    ...(response.scope === undefined ? {} : { scope: response.scope }),
  };
}
