/**
 * A real, unmodified OpenID provider on loopback, with rotation on: what the mediator has to get along with.
 * Users sign in through its own pages; a browser of the test walks through them.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
// @ts-expect-error -- it ships no types
import { Provider } from 'oidc-provider';

export interface OpenIdProvider {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Requests that reached it, as `METHOD /path`. */
  requests: string[];
  /** Puts something between the network and the provider: a delay, an outage, garbage. */
  intercept(handler: ((request: IncomingMessage, response: ServerResponse, pass: () => void) => void) | null): void;
  /** Ends a session at the provider, or all of a user's, and tells the endpoint through the back channel. */
  backchannelLogout(sub: string, sid?: string): Promise<void>;
  /** The provider's session of a user who signed in last. */
  sidOf(sub: string): string;
  events: string[];
  close(): Promise<void>;
}

export interface ProviderSettings {
  redirectUri: string;
  backchannelLogoutUri?: string;
  rotate?: boolean;
  /** Seconds. */
  accessTtl?: number;
}

export async function openIdProvider(settings: ProviderSettings): Promise<OpenIdProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const client = {
    client_id: 'tabaton',
    client_secret: 'provider-secret-that-must-not-leak',
    redirect_uris: [settings.redirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    ...(settings.backchannelLogoutUri
      ? { backchannel_logout_uri: settings.backchannelLogoutUri, backchannel_logout_session_required: true }
      : {}),
  };
  const provider = quietly(() => new Provider(issuer, {
    clients: [client],
    scopes: ['openid', 'offline_access', 'read', 'write'],
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      backchannelLogout: { enabled: true },
    },
    rotateRefreshToken: settings.rotate ?? true,
    issueRefreshToken: async () => true,
    ttl: { AccessToken: settings.accessTtl ?? 300, RefreshToken: 86_400, IdToken: 300, Session: 3_600, Grant: 86_400, Interaction: 600 },
    cookies: { keys: ['test-cookie-key'] },
    findAccount: async (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    pkce: { required: () => true },
    // Its own fetch refuses loopback addresses, and rightly so outside of a test.
    fetch: (url: string, init: RequestInit) => fetch(url, { method: init.method, headers: init.headers, body: init.body, signal: init.signal }),
  }));
  const requests: string[] = [];
  const events: string[] = [];
  for (const name of ['grant.revoked', 'refresh_token.consumed', 'grant.success', 'grant.error']) {
    provider.on(name, () => events.push(name));
  }
  const sids = new Map<string, string>();
  provider.on('grant.success', ({ oidc }: { oidc: { entities: { AuthorizationCode?: { accountId: string; sid: string } } } }) => {
    const code = oidc.entities.AuthorizationCode;
    if (code) sids.set(code.accountId, code.sid);
  });
  let intercepted: Parameters<OpenIdProvider['intercept']>[0] = null;
  const answer = provider.callback();
  server.on('request', (request, response) => {
    requests.push(`${request.method} ${request.url!.split('?')[0]}`);
    const pass = () => answer(request, response);
    if (intercepted) intercepted(request, response, pass);
    else pass();
  });
  return {
    issuer,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    requests,
    events,
    intercept: (handler) => void (intercepted = handler),
    sidOf: (sub) => sids.get(sub) ?? '',
    backchannelLogout: async (sub, sid) => (await provider.Client.find(client.client_id)).backchannelLogout(sub, sid),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** It warns on its console about everything that makes it a test provider. */
function quietly<T>(make: () => T): T {
  /* oxlint-disable no-console -- silenced, not used */
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return make();
  } finally {
    Object.assign(console, { warn, info });
  }
}

/** Walks from the endpoint's login through the provider's pages, as user `sub`, back to the callback URL. */
export async function signInAt(authorizationUrl: string, sub: string): Promise<string> {
  const jar = new Map<string, string>();
  const cookieHeader = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  let url = authorizationUrl;
  let form: URLSearchParams | undefined;
  for (let step = 0; step < 12; step += 1) {
    const response = await fetch(url, {
      method: form ? 'POST' : 'GET',
      body: form,
      redirect: 'manual',
      headers: { Cookie: cookieHeader() },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      jar.set(name!, value!);
    }
    form = undefined;
    const location = response.headers.get('Location');
    if (location) {
      url = new URL(location, url).href;
      if (new URL(url).pathname.endsWith('/callback')) return url;
      continue;
    }
    const page = await response.text();
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    const action = /action="([^"]+)"/.exec(page)?.[1];
    if (!prompt || !action) throw new Error(`The provider showed an unexpected page (${response.status}).`);
    url = new URL(action, url).href;
    form = new URLSearchParams({ prompt, ...(prompt === 'login' ? { login: sub, password: 'any' } : {}) });
  }
  throw new Error('The provider went in circles.');
}
