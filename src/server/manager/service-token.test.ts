import { describe, expect, test } from 'vitest';
import { MisconfiguredError } from '../config/misconfigured.js';
import { StoreUnavailableError } from '../store.js';
import { OneTimeService } from '../testing/one-time-service.js';
import { KEY, site } from '../testing/site.js';
import { memoryStore } from '../stores/memory.js';
import { fakeClock } from '../testing/fake-clock.js';
import { UpstreamError } from '../upstream/upstream.js';
import { createTokenManager } from './token-manager.js';

const SECRET = 'a service secret of enough length: +%/=';
const OTHER = 'another service’s secret of enough length';

function world() {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  const upstream = new OneTimeService();
  const tokens = createTokenManager({ store, upstream, keys: KEY, clock, observe: () => {} });
  const one = site({ clock, store, services: { tokens, clients: { reports: SECRET, 'odd:id': [OTHER, SECRET] } } });
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+');
  const basic = (id: string, secret: string) => `Basic ${btoa(`${encode(id)}:${encode(secret)}`)}`;
  async function ask(form: Record<string, string> | string, headers: Record<string, string> = {}) {
    const request = new Request('https://app.example/auth/token', {
      method: 'POST',
      headers: { Authorization: basic('reports', SECRET), 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
      body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
    });
    const response = await one.endpoint(request);
    return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
  }
  return { clock, upstream, one, basic, ask, tokens };
}
const FORM = { grant_type: 'client_credentials', user: 'ada' };

describe('POST /auth/token', () => {
  test('gives an authenticated service the token of its user, never cached', async () => {
    const { ask, clock, tokens } = world();
    const reply = await ask(FORM);
    expect(reply).toMatchObject({ status: 200, body: { access_token: 'at-1', token_type: 'Bearer', expires_in: 60, gen: 1 } });
    expect(reply.headers.get('Cache-Control')).toBe('no-store');
    await clock.advance(200);
    // The very token that a Node service with the same key has.
    expect(await tokens.get({ client: 'reports', user: 'ada' })).toMatchObject({ accessToken: 'at-1' });
    await clock.advance(20_000);
    expect((await ask(FORM)).body['expires_in']).toBe(39);
  });
  test('ten services at once cost one call', async () => {
    const { ask, upstream } = world();
    const replies = await Promise.all(Array.from({ length: 10 }, () => ask(FORM)));
    expect(new Set(replies.map(({ body }) => body['access_token']))).toEqual(new Set(['at-1']));
    expect(upstream.grants).toBe(1);
  });
  test('rejected brings a newer one', async () => {
    const { ask, clock } = world();
    await ask(FORM);
    await clock.advance(10_000);
    expect((await ask({ ...FORM, rejected: '1' })).body).toMatchObject({ access_token: 'at-2', gen: 2 });
  });
  test('the client is who authenticated, whatever the body says', async () => {
    const { ask, basic, upstream } = world();
    await ask(FORM);
    const other = await ask({ ...FORM, client_id: 'reports' }, { Authorization: basic('odd:id', OTHER) });
    expect(other.body['access_token']).toBe('at-2');
    expect((await ask(FORM, { Authorization: basic('odd:id', SECRET) })).body['access_token']).toBe('at-2');
    expect(upstream.grants).toBe(2);
  });
  test.each<[string, (basic: (id: string, secret: string) => string) => string]>([
    ['nothing', () => ''],
    ['a wrong secret', (basic) => basic('reports', OTHER)],
    ['another’s secret', (basic) => basic('reports', 'x'.repeat(40))],
    ['an unknown client', (basic) => basic('nobody', SECRET)],
    ['a client called __proto__', (basic) => basic('__proto__', SECRET)],
    ['an empty secret of an unknown client', (basic) => basic('nobody', '')],
    ['no colon', () => `Basic ${btoa('reports')}`],
    ['no base64', () => 'Basic a'],
    ['a broken escape', () => `Basic ${btoa('reports:%zz')}`],
    ['Bearer', () => 'Bearer x'],
  ])('RFC 6749 §5.2: %s is 401 invalid_client with a challenge', async (_, header) => {
    const { ask, basic, upstream } = world();
    const reply = await ask(FORM, { Authorization: header(basic) });
    expect(reply).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(reply.headers.get('WWW-Authenticate')).toMatch(/^Basic /);
    expect(upstream.grants).toBe(0);
  });
  test.each<[string, Record<string, string> | string, string]>([
    ['no grant type', { user: 'ada' }, 'unsupported_grant_type'],
    ['another grant type', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['a parameter twice', 'grant_type=client_credentials&user=a&user=b', 'invalid_request'],
    ['a long user', { ...FORM, user: 'x'.repeat(256) }, 'invalid_request'],
    ['a scope of odd characters', { ...FORM, scope: 'a"b' }, 'invalid_request'],
    ['a resource that is no URI', { ...FORM, resource: 'api' }, 'invalid_request'],
    ['a negative min_ttl', { ...FORM, min_ttl: '-1' }, 'invalid_request'],
    ['a rejected that is no number', { ...FORM, rejected: '1e3' }, 'invalid_request'],
    ['too much', { ...FORM, scope: 'x'.repeat(9_000) }, 'invalid_request'],
  ])('%s is 400', async (_, form, error) => {
    expect(await world().ask(form)).toMatchObject({ status: 400, body: { error } });
  });
  test('JSON is refused, and so is a browser, whatever it knows', async () => {
    const { ask } = world();
    expect((await ask('{}', { 'Content-Type': 'application/json' })).status).toBe(400);
    for (const header of [{ Origin: 'https://app.example' }, { 'Sec-Fetch-Site': 'same-origin' }]) {
      const reply = await ask(FORM, header as never);
      expect(reply).toMatchObject({ status: 403, body: { error: 'invalid_client' } });
      expect(reply.body).not.toHaveProperty('access_token');
    }
  });
  test.each([
    [new UpstreamError('invalid_grant', 'No.'), 400, 'invalid_grant'],
    [new UpstreamError('invalid_scope', 'No.'), 400, 'invalid_scope'],
    [new UpstreamError('invalid_client', 'No.'), 502, 'server_error'],
    [new UpstreamError('unavailable', 'No.', { retryAfterMs: 7_000 }), 503, 'temporarily_unavailable'],
    [new UpstreamError('timeout', 'No.'), 503, 'temporarily_unavailable'],
    [new StoreUnavailableError('Down.'), 503, 'temporarily_unavailable'],
  ])('%o', async (error, status, code) => {
    const tokens = { get: async () => Promise.reject(error) } as never;
    const one = site({ services: { tokens, clients: { reports: SECRET } } });
    const response = await one.endpoint(
      new Request('https://app.example/auth/token', {
        method: 'POST',
        headers: { Authorization: world().basic('reports', SECRET), 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'grant_type=client_credentials',
      }),
    );
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: code });
    if (status === 503) expect(response.headers.get('Retry-After')).toBe(code && 'retryAfterMs' in error && error.retryAfterMs ? '7' : '1');
  });
  test('an endpoint without services refuses', async () => {
    const response = await site().endpoint(new Request('https://app.example/auth/token', { method: 'POST', body: '' }));
    expect(response.status).toBe(400);
  });
  test('a short secret is a mistake of configuration', () => {
    const { tokens } = world();
    expect(() => site({ services: { tokens, clients: { reports: 'short' } } })).toThrow(MisconfiguredError);
  });
});
