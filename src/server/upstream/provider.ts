/** The one door to an OAuth 2.0 / OpenID provider: its metadata, fetched when needed and kept for an hour. */
import * as oauth from 'oauth4webapi';
import type { ServerClock } from '../clock.js';
import type { OidcOptions } from './oidc-options.js';
import { refuseOutage, upstreamFailure } from './failure.js';

export interface Provider {
  readonly client: oauth.Client;
  readonly auth: oauth.ClientAuth;
  metadata(signal?: AbortSignal): Promise<oauth.AuthorizationServer>;
  /** Options of every call: how to reach it, and that plain http is meant (loopback only, checked before). */
  call(signal?: AbortSignal): CallOptions;
  /** Runs one exchange and sorts its failures. @throws UpstreamError */
  exchange<T>(run: (as: oauth.AuthorizationServer) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export interface CallOptions {
  signal?: AbortSignal;
  [oauth.allowInsecureRequests]?: boolean;
  [oauth.customFetch]?: (url: string, init: RequestInit) => Promise<Response>;
}

const KEPT_MS = 3_600_000;

export function providerOf(options: OidcOptions, clock: ServerClock): Provider {
  const issuer = new URL(options.issuer);
  let known: { as: oauth.AuthorizationServer; at: number } | undefined;
  let asking: Promise<oauth.AuthorizationServer> | undefined;

  const call = (signal?: AbortSignal): CallOptions => ({
    signal,
    [oauth.allowInsecureRequests]: issuer.protocol === 'http:',
    ...(options.fetch ? { [oauth.customFetch]: options.fetch } : {}),
  });

  async function discover(signal?: AbortSignal): Promise<oauth.AuthorizationServer> {
    const response = await oauth.discoveryRequest(issuer, { ...call(signal), algorithm: 'oidc' });
    refuseOutage(response, clock.now());
    return oauth.processDiscoveryResponse(issuer, response);
  }
  async function metadata(signal?: AbortSignal): Promise<oauth.AuthorizationServer> {
    if (options.metadata) return { issuer: options.issuer, ...options.metadata };
    if (known && clock.now() - known.at < KEPT_MS) return known.as;
    // One question at a time; a failed one is forgotten, so that the next caller asks again.
    asking ??= discover(signal).finally(() => (asking = undefined));
    try {
      known = { as: await asking, at: clock.now() };
    } catch (error) {
      if (!known) throw error;
    }
    return known.as;
  }
  const secret = options.clientSecret;
  return {
    client: { client_id: options.clientId },
    auth:
      secret === undefined
        ? oauth.None()
        : options.clientAuth === 'client_secret_post'
          ? oauth.ClientSecretPost(secret)
          : oauth.ClientSecretBasic(secret),
    metadata,
    call,
    async exchange(run, signal) {
      try {
        return await run(await metadata(signal));
      } catch (error) {
        throw upstreamFailure(error);
      }
    },
  };
}
