/** Both shapes of a token service as one: first tokens, refresh, revocation. */
import * as oauth from 'oauth4webapi';
import type { ServerClock } from '../clock.js';
import { refuseOutage } from '../upstream/failure.js';
import { functionUpstream, type GrantKey } from '../upstream/function-upstream.js';
import { oidcUpstream, tokensOf } from '../upstream/oidc.js';
import { providerOf } from '../upstream/provider.js';
import type { Upstream, UpstreamTokens } from '../upstream/upstream.js';
import { isProvider, type TokenManagerOptions } from './manager-options.js';

export type ManagedUpstream = Upstream & {
  /** @throws UpstreamError */
  grant(key: GrantKey, signal: AbortSignal): Promise<UpstreamTokens>;
};

export function managedUpstream(upstream: TokenManagerOptions['upstream'], clock: ServerClock): ManagedUpstream {
  if (!isProvider(upstream)) return functionUpstream(upstream) as ManagedUpstream;
  const provider = providerOf(upstream, clock);
  const { grant } = upstream;
  const given = grant && functionUpstream({ grant, refresh: () => Promise.reject(new Error('Not asked here.')) }).grant;
  return {
    ...oidcUpstream(provider, clock),
    grant:
      given ??
      ((_, signal) =>
        provider.exchange(async (as) => {
          const parameters = new URLSearchParams(upstream.scope === undefined ? {} : { scope: upstream.scope });
          const response = await oauth.clientCredentialsGrantRequest(as, provider.client, provider.auth, parameters, provider.call(signal));
          refuseOutage(response, clock.now());
          return tokensOf(await oauth.processClientCredentialsResponse(as, provider.client, response));
        }, signal)),
  };
}
