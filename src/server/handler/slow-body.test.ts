/** A body that never ends holds no answer, and is not mistaken for a store that is away. */
import { expect, test } from 'vitest';
import type { EndpointOptions } from '../config/endpoint-options.js';
import { StoreUnavailableError, type Store } from '../store.js';
import type { TokenManager } from '../manager/token-manager.js';
import { attempt, site, TestBrowser } from '../testing/site.js';

const SECRET = 'a service secret of enough length';
const page = { 'X-Tabaton': '1', 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' };
const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
const device = { ...form, 'X-Tabaton': 'native' };
const provider: Partial<EndpointOptions> = {
  authenticate: undefined,
  deviceGrant: undefined,
  upstream: { issuer: 'https://id.example', clientId: 'tabaton', clientSecret: 's', metadata: { jwks_uri: 'https://id.example/jwks', authorization_endpoint: 'https://id.example/auth', token_endpoint: 'https://id.example/token' } },
};
const away = { read: async () => Promise.reject(new StoreUnavailableError('Connection refused.')) } as unknown as Store;

function dribbling(path: string, headers: Record<string, string>): Request {
  const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) });
  return new Request(`https://app.example/auth${path}`, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
}

test.each<[string, Record<string, string>, Partial<EndpointOptions>?]>([
  ['/refresh', { ...page, 'Idempotency-Key': attempt(1) }],
  ['/refresh', { ...page, 'Idempotency-Key': attempt(1) }, { store: away }],
  ['/logout', page],
  ['/login', page],
  ['/device', device],
  ['/device/decision', page],
  ['/device/token', device],
  ['/token', { ...form, Authorization: `Basic ${btoa(`reports:${SECRET}`)}` }],
  ['/backchannel-logout', form, provider],
])('%s is 408 after four seconds', async (path, headers, options) => {
  const services = { tokens: { get: async () => Promise.reject(new Error('Not reached.')) } as unknown as TokenManager, clients: { reports: SECRET } };
  const one = site({ deviceGrant: { page: '/device' }, services, ...options });
  const pending = new TestBrowser(one).send(dribbling(path, headers));
  await one.clock.waiting();
  await one.clock.advance(4_000);
  expect(await pending).toMatchObject({ status: 408, setCookies: [], body: { error: 'invalid_request', reason: 'malformed', session: 'intact' } });
  expect(one.events.filter(({ type }) => type === 'fault')).toEqual([]);
});
