/** Who signs users in, and where their tokens come from: three shapes of one endpoint. */
import { base64url } from '../encoding.js';
import type { EndpointOptions } from '../config/endpoint-options.js';
import { MisconfiguredError } from '../config/misconfigured.js';
import type { Place } from '../config/place.js';
import { localIssuer } from '../issuer/local-issuer.js';
import type { ServerKeys } from '../keys/server-keys.js';
import { mediator } from '../mediation/mediator.js';
import { revoker } from '../mediation/revoker.js';
import type { SealedTokens } from '../mediation/sealed-tokens.js';
import { localTokens, mediatedTokens } from '../mediation/token-source.js';
import { functionUpstream } from '../upstream/function-upstream.js';
import { oidcUpstream } from '../upstream/oidc.js';
import { checkOidc, type OidcOptions } from '../upstream/oidc-options.js';
import { providerLogin } from '../upstream/provider-login.js';
import { providerOf } from '../upstream/provider.js';
import type { Upstream } from '../upstream/upstream.js';
import { announce } from './aftermath.js';
import type { Service, Settings } from './service.js';
import { clientOf } from './token-ask.js';

const isOidc = (upstream: NonNullable<EndpointOptions['upstream']>): upstream is OidcOptions => 'issuer' in upstream;

/** @throws MisconfiguredError */
export function checkSignIn({ authenticate, upstream, issuer }: EndpointOptions, place: Place): void {
  if (!upstream) {
    if (!authenticate) throw new MisconfiguredError('authenticate', 'nobody could ever sign in. Give authenticate(request), or an upstream.');
    return;
  }
  if (issuer) throw new MisconfiguredError('issuer', 'tokens come from the upstream. Give one of the two.');
  if (isOidc(upstream)) {
    if (authenticate) throw new MisconfiguredError('authenticate', 'the provider signs users in. Give authenticate or an OpenID upstream.');
    return checkOidc(upstream, place);
  }
  if (typeof upstream.refresh !== 'function') {
    throw new MisconfiguredError('upstream', 'is neither a provider (issuer, clientId) nor functions (refresh).');
  }
  if (!authenticate) throw new MisconfiguredError('authenticate', 'a function-shaped upstream signs nobody in. Give authenticate(request).');
}

type Source = Pick<Service, 'tokens' | 'issuer' | 'provider' | 'grant'>;

export async function tokenSource(settings: Settings, options: EndpointOptions, keys: ServerKeys, sealed: SealedTokens): Promise<Source> {
  const { upstream } = options;
  const { place, clock } = settings;
  if (!upstream) {
    const issuer = await localIssuer(options.issuer ?? {}, place.publicOrigin, keys);
    return { tokens: localTokens(issuer), issuer, provider: null, grant: null };
  }
  if (isOidc(upstream)) {
    const provider = providerOf(upstream, clock);
    return {
      tokens: mediated(settings, sealed, oidcUpstream(provider, clock), upstream.issuer, new Set(upstream.resources)),
      issuer: null,
      provider: providerLogin(provider, upstream, place, settings),
      grant: null,
    };
  }
  const functions = functionUpstream(upstream);
  return {
    tokens: mediated(settings, sealed, functions, place.publicOrigin, null),
    issuer: null,
    provider: null,
    grant: functions.grant ?? null,
  };
}

function mediated(settings: Settings, sealed: SealedTokens, upstream: Upstream, issuer: string, resources: ReadonlySet<string> | null) {
  const { store, clock, observe, timing, random, detach } = settings;
  return mediatedTokens({
    issuer,
    resources,
    sealed,
    revoker: revoker({ store, clock, observe, sealed, upstream, detach }),
    mediator: mediator({
      store,
      clock,
      observe,
      sealed,
      upstream,
      node: base64url(random.bytes(6)),
      patienceMs: timing.tokenWaitMs,
      lockWaitMs: timing.lockWaitMs,
      leaseMs: timing.leaseMs,
      defaultLifetimeMs: (family) => clientOf(settings, family).access,
      detach,
      onEnded: (family, reason) => announce(settings, family, reason),
    }),
    narrowed: (family) => clientOf(settings, family).scopes !== undefined,
  });
}
