/** An endpoint in front of a real OpenID provider, both on loopback, with a record of what was said to the provider. */
import { systemClock } from '../clock.js';
import type { EndpointOptions } from '../config/endpoint-options.js';
import { memoryStore } from '../stores/memory.js';
import { openIdProvider, type OpenIdProvider, type ProviderSettings, signInAt } from './openid-provider.js';
import { serveEndpoint, type Served } from './serve.js';
import { site, type TestBrowser, type Reply, type TestSite } from './site.js';

export interface ProviderCall {
  method: string;
  path: string;
  headers: Headers;
  form: URLSearchParams;
}

export interface MediatedSite extends TestSite {
  provider: OpenIdProvider;
  served: Served;
  /** Everything the endpoint sent to the provider, oldest first. */
  calls: ProviderCall[];
  /** Calls of one path, e.g. `/token`. */
  to(path: string): ProviderCall[];
  /** Moves the endpoint's clock ahead of the provider's; timers stay real. */
  skip(ms: number): void;
  close(): Promise<void>;
}

export async function mediatedSite(settings: Partial<ProviderSettings> = {}, options: Partial<EndpointOptions> = {}): Promise<MediatedSite> {
  const served = await serveEndpoint();
  const provider = await openIdProvider({
    redirectUri: `${served.origin}/auth/callback`,
    backchannelLogoutUri: `${served.origin}/auth/backchannel-logout`,
    ...settings,
  });
  // The provider judges by the real clock, so the endpoint does too, unless the test moves it.
  const system = systemClock();
  let ahead = 0;
  const clock = { ...system, now: () => system.now() + ahead };
  const calls: ProviderCall[] = [];
  const one = site({
    publicOrigin: served.origin,
    dev: true,
    clock,
    store: memoryStore({ clock }),
    authenticate: undefined,
    upstream: {
      issuer: provider.issuer,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      scope: 'openid offline_access read write',
      authorizationParams: { prompt: 'consent' },
      fetch: async (input, init) => {
        const request = new Request(input as string, init);
        const form = new URLSearchParams(request.method === 'POST' ? await request.clone().text() : '');
        calls.push({ method: request.method, path: new URL(request.url).pathname, headers: request.headers, form });
        return fetch(request);
      },
    },
    ...options,
  });
  served.mount(one.endpoint);
  return {
    ...one,
    provider,
    served,
    calls,
    skip: (ms) => void (ahead += ms),
    to: (path) => calls.filter((call) => call.path === path),
    async close() {
      await provider.close();
      await served.close();
    },
  };
}

/** Walks a browser through the provider and back. */
export async function signInThrough(browser: TestBrowser, sub = 'ada'): Promise<Reply> {
  const away = await browser.call('GET', '/login', undefined, { 'Sec-Fetch-Site': 'none' });
  const back = new URL(await signInAt(away.headers.get('Location')!, sub));
  return browser.call('GET', back.pathname.replace('/auth', '') + back.search, undefined, { 'Sec-Fetch-Site': 'cross-site' });
}

/** Looks at every turn of the event loop; the test's own timeout ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
