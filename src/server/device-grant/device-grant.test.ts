import { describe, expect, test } from 'vitest';
import type { EndpointOptions } from '../config/endpoint-options.js';
import { createEndpoint } from '../endpoint.js';
import { StoreUnavailableError } from '../store.js';
import { UpstreamError } from '../upstream/upstream.js';
import { attempt, KEY, site, TestBrowser, type TestSite } from '../testing/site.js';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

const withGrant = (options: Partial<EndpointOptions> = {}) =>
  site({ deviceGrant: { page: '/device' }, authenticate: async (request) => ({ sub: ((await request.json()) as { user: string }).user, scopes: ['read', 'write', 'admin'] }), ...options });

/** A CLI: forms, no browser. */
const cli = (one: TestSite, addressOf = () => '10.0.0.1') => {
  const bare = new TestBrowser(one, { 'X-Tabaton': 'native' });
  const form = (path: string, fields: Record<string, string>) =>
    bare.send(bare.request('POST', path, new URLSearchParams(fields).toString(), { 'Content-Type': 'application/x-www-form-urlencoded' }), { address: addressOf() });
  return {
    start: (fields: Record<string, string> = {}) => form('/device', fields),
    poll: (device_code: unknown, fields: Record<string, string> = {}) => form('/device/token', { grant_type: GRANT, device_code: String(device_code), ...fields }),
    refresh: (refresh_token: unknown, serial: number) =>
      bare.send(bare.request('POST', '/refresh', { refresh_token, reason: 'startup', ids: [attempt(serial)] }, { 'Idempotency-Key': attempt(serial) })),
  };
};

const letIn = async (one: TestSite, decision: object = {}, asked: Record<string, string> = {}) => {
  const browser = new TestBrowser(one);
  await browser.login();
  const device = cli(one);
  const { body: codes } = await device.start(asked);
  const decided = await browser.call('POST', '/device/decision', { user_code: codes['user_code'], approve: true, ...decision });
  const granted = await device.poll(codes['device_code']);
  return { browser, device, codes, decided, granted };
};
const scopesOf = (token: unknown) => (JSON.parse(Buffer.from(String(token).split('.')[1]!, 'base64url').toString()) as { scope?: string; client_id: string }).scope;

describe('a signed-in browser lets in a CLI (RFC 8628)', () => {
  test('§3.2: the device gets two codes and where to go', async () => {
    const one = withGrant();
    const { status, body } = await cli(one).start({ scope: 'read', label: 'deploy on build-7' });
    expect(status).toBe(200);
    expect(body).toEqual({
      device_code: expect.stringMatching(/^[\w-]{43}$/),
      user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verification_uri: 'https://app.example/device',
      verification_uri_complete: `https://app.example/device?user_code=${String(body['user_code'])}`,
      expires_in: 600,
      interval: 5,
    });
    expect(await one.store.get('device:' + String(body['device_code']))).toBeUndefined();
  });

  test('§3.5: pending, too fast, let in, once', async () => {
    const one = withGrant();
    const device = cli(one);
    const { body: codes } = await device.start();
    const browser = new TestBrowser(one);
    await browser.login();
    expect((await device.poll(codes['device_code'])).body['error']).toBe('authorization_pending');
    expect((await device.poll(codes['device_code'])).body['error']).toBe('slow_down');
    await one.clock.advance(5_000);
    await browser.call('POST', '/device/decision', { user_code: codes['user_code'], approve: true });
    const granted = await device.poll(codes['device_code']);
    expect(granted).toMatchObject({ status: 200, setCookies: [], body: { token_type: 'Bearer', gen: 1, sub: 'ada', expires_in: 3_600, refresh_token: expect.any(String) } });
    await one.clock.advance(5_000);
    expect((await device.poll(codes['device_code'])).body['error']).toBe('expired_token');
    expect((await device.refresh(granted.body['refresh_token'], 1)).status).toBe(200);
  });

  test('of two that hold the same code, one gets in', async () => {
    const one = withGrant();
    const device = cli(one);
    const { body: codes } = await device.start();
    const browser = new TestBrowser(one);
    await browser.login();
    await browser.call('POST', '/device/decision', { user_code: codes['user_code'], approve: true });
    // The limit on questions stands before this; the store's `take` decides.
    one.store.hit = async () => ({ count: 1, resetMs: 1 });
    const both = await Promise.all([device.poll(codes['device_code']), device.poll(codes['device_code'])]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  test.each<[string, (one: TestSite) => void]>([
    ['its tokens', () => {}],
    ['its family', (one) => {
      const { create } = one.store;
      one.store.create = async () => {
        one.store.create = create;
        throw new StoreUnavailableError('Connection refused.');
      };
    }],
  ])('the decision is not lost when %s could not be had at the first try', async (what, breaks) => {
    let tries = what === 'its tokens' ? 0 : 1;
    const grant = async () => {
      if (tries++ === 0) throw new UpstreamError('unavailable', 'Closed.', { retryAfterMs: 7_000 });
      return { accessToken: 'of the device', expiresInMs: 60_000 };
    };
    const one = withGrant({
      authenticate: async () => ({ sub: 'ada', tokens: { accessToken: 'of the browser', expiresInMs: 60_000 } }),
      upstream: { grant, refresh: grant },
    });
    const browser = new TestBrowser(one);
    await browser.login();
    const device = cli(one);
    const { body: codes } = await device.start();
    await browser.call('POST', '/device/decision', { user_code: codes['user_code'], approve: true });
    breaks(one);
    expect(await device.poll(codes['device_code'])).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } });
    await one.clock.advance(5_000);
    expect(await device.poll(codes['device_code'])).toMatchObject({ status: 200, body: { access_token: 'of the device' } });
    await one.clock.advance(5_000);
    expect((await device.poll(codes['device_code'])).body['error']).toBe('expired_token');
  });

  test('the user sees what wants in before deciding, however the code is typed', async () => {
    const one = withGrant();
    const browser = new TestBrowser(one);
    await browser.login();
    const { body: codes } = await cli(one).start({ scope: 'read root', label: 'deploy\u202e on\nbuild-7' });
    const code = String(codes['user_code']).toLowerCase().replace('-', ' ');
    expect(await browser.call('GET', `/device?user_code=${encodeURIComponent(code)}`)).toMatchObject({
      status: 200,
      body: { user_code: codes['user_code'], label: 'deploy onbuild-7', client: 'cli', scope: 'read', expires_in: 600 },
    });
  });

  test('it never gets more than was asked for, allowed, held by the browser and configured for its client', async () => {
    expect(scopesOf((await letIn(withGrant(), {}, { scope: 'read root' })).granted.body['access_token'])).toBe('read');
    expect(scopesOf((await letIn(withGrant(), { scope: 'write sudo' }, {})).granted.body['access_token'])).toBe('write');
    expect(scopesOf((await letIn(withGrant({ clients: { cli: { scopes: ['admin'] } } }))).granted.body['access_token'])).toBe('admin');
  });

  test('no is no', async () => {
    const { granted, browser, codes } = await letIn(withGrant(), { approve: false });
    expect(granted).toMatchObject({ status: 400, body: { error: 'access_denied' } });
    expect((await browser.call('POST', '/device/decision', { user_code: codes['user_code'], approve: true })).status).toBe(404);
  });

  test('codes end after ten minutes', async () => {
    const one = withGrant();
    const browser = new TestBrowser(one);
    await browser.login();
    const device = cli(one);
    const { body: codes } = await device.start();
    await one.clock.advance(600_001);
    expect((await browser.call('POST', '/device/decision', { user_code: codes['user_code'], approve: true })).status).toBe(404);
    expect((await device.poll(codes['device_code'])).body['error']).toBe('expired_token');
  });
});

describe('a child family', () => {
  test('stands in the list of devices and outlives its parent, unless it was bound to it', async () => {
    const { browser, device, granted } = await letIn(withGrant(), {}, { label: 'deploy' });
    const { devices } = (await browser.call('GET', '/devices')).body as { devices: { client: string; label: string }[] };
    expect(devices.map(({ client, label }) => [client, label])).toEqual([['web', null], ['cli', 'deploy']]);
    await browser.call('POST', '/logout', {});
    expect((await device.refresh(granted.body['refresh_token'], 1)).status).toBe(200);
  });

  test('bound, ends with it', async () => {
    const { browser, device, granted } = await letIn(withGrant(), { bound: true });
    await browser.call('POST', '/logout', {});
    await browser.site.clock.advance(1);
    // At once, not when it comes back: others may be listening.
    expect(browser.site.events).toContainEqual(expect.objectContaining({ type: 'ended', reason: 'revoked', client: 'cli' }));
    expect(await device.refresh(granted.body['refresh_token'], 1)).toMatchObject({ status: 400, body: { reason: 'revoked', session: 'ended' } });
  });

  test('bound, ends with it even when nobody could tell at the time', async () => {
    const one = withGrant();
    const { browser, device, granted } = await letIn(one, { bound: true });
    // A node that knows of no device grant ends the parent.
    const other = createEndpoint({ publicOrigin: one.origin, store: one.store, clock: one.clock, keys: KEY, authenticate: async () => null });
    expect((await other(browser.request('POST', '/logout', {}))).status).toBe(200);
    expect(await device.refresh(granted.body['refresh_token'], 1)).toMatchObject({ status: 400, body: { reason: 'revoked' } });
  });

  test.each(['at once', 'at its next refresh, when nobody could tell at the time'])('ends with a parent that was stolen from, bound or not: a thief may have let it in (%s)', async (when) => {
    const one = withGrant();
    const { browser, device, granted } = await letIn(one);
    const other = createEndpoint({ publicOrigin: one.origin, store: one.store, clock: one.clock, keys: KEY, authenticate: async () => null });
    const stolen = new TestBrowser(one);
    for (const [name, value] of browser.jar) stolen.jar.set(name, value);
    await one.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    await one.clock.advance(36_000);
    const verdict = stolen.refreshRequest({ ids: [attempt(66)] });
    expect((await (when === 'at once' ? one.endpoint : other)(verdict)).status).toBe(400);
    await one.clock.advance(1);
    const told = expect.arrayContaining([expect.objectContaining({ type: 'ended', reason: 'revoked', client: 'cli' })]);
    if (when === 'at once') expect(one.events).toEqual(told);
    else expect(one.events).not.toEqual(told);
    expect(await device.refresh(granted.body['refresh_token'], 1)).toMatchObject({ status: 400, body: { reason: 'revoked', session: 'ended' } });
  });

  test('is not born after its parent has ended', async () => {
    const one = withGrant();
    const browser = new TestBrowser(one);
    await browser.login();
    const device = cli(one);
    const { body: codes } = await device.start();
    await browser.call('POST', '/device/decision', { user_code: codes['user_code'], approve: true });
    await browser.call('POST', '/logout', {});
    expect((await device.poll(codes['device_code'])).body['error']).toBe('access_denied');
  });
});

describe('bad input', () => {
  test('guesses are counted, over all nodes', async () => {
    const browser = new TestBrowser(withGrant());
    await browser.login();
    const guess = () => browser.call('GET', '/device?user_code=BBBB-BBBB');
    for (let n = 0; n < 10; n += 1) expect((await guess()).status).toBe(404);
    expect(await guess()).toMatchObject({ status: 429, body: { reason: 'rate_limited' } });
  });
  test('a guess too many is none, even if it is right; what is right costs none', async () => {
    const one = withGrant();
    const browser = new TestBrowser(one);
    await browser.login();
    const { body } = await cli(one).start();
    const ask = (code: unknown) => browser.call('GET', `/device?user_code=${String(code)}`);
    for (let n = 0; n < 12; n += 1) expect((await ask(body['user_code'])).status).toBe(200);
    for (let n = 0; n < 10; n += 1) expect((await ask('BBBB-BBBB')).status).toBe(404);
    expect((await ask(body['user_code'])).status).toBe(429);
    const decided = await browser.call('POST', '/device/decision', { user_code: body['user_code'], approve: true });
    expect(decided).toMatchObject({ status: 429, body: { session: 'intact' } });
    await one.clock.advance(60_000);
    expect((await ask(body['user_code'])).status).toBe(200);
  });
  test('a device that asks for codes without end is slowed down', async () => {
    const device = cli(withGrant());
    for (let n = 0; n < 10; n += 1) expect((await device.start()).status).toBe(200);
    expect((await device.start()).status).toBe(429);
  });
  test('and so is a host that asks from each of its addresses', async () => {
    let host = 0;
    const device = cli(withGrant(), () => `2001:db8::${(host += 1).toString(16)}`);
    for (let n = 0; n < 10; n += 1) expect((await device.start()).status).toBe(200);
    expect((await device.start()).status).toBe(429);
  });
  test('nobody decides who is not signed in, from elsewhere, or by a link', async () => {
    const one = withGrant();
    const { body: codes } = await cli(one).start();
    const decision = { user_code: codes['user_code'], approve: true };
    const browser = new TestBrowser(one);
    expect((await browser.call('POST', '/device/decision', decision)).body).toMatchObject({ reason: 'no_cookie' });
    await browser.login();
    expect((await browser.call('POST', '/device/decision', decision, { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403);
    expect((await browser.call('GET', `/device/decision?user_code=${String(codes['user_code'])}&approve=true`)).status).toBe(405);
    expect((await browser.call('POST', '/device/decision', { ...decision, approve: 'yes' })).body).toMatchObject({ reason: 'malformed' });
  });
  test('a page asks for no codes, and nobody without the option', async () => {
    const browser = new TestBrowser(withGrant());
    expect((await browser.call('POST', '/device', {})).body).toMatchObject({ reason: 'malformed' });
    expect((await cli(site()).start()).status).toBe(404);
    const without = new TestBrowser(site());
    await without.login();
    expect((await without.call('GET', '/device?user_code=BBBB-BBBB')).status).toBe(404);
  });
  test('other grants, other forms and codes of others are refused', async () => {
    const device = cli(withGrant());
    expect((await device.poll('x')).body).toMatchObject({ reason: 'malformed' });
    expect((await device.poll('A'.repeat(43), { grant_type: 'password' })).body).toMatchObject({ reason: 'malformed' });
    expect((await device.poll('A'.repeat(43))).body).toMatchObject({ error: 'expired_token' });
    expect((await device.start({ scope: 'a"b' })).body).toMatchObject({ reason: 'malformed' });
  });
  test.each([
    [{ page: 'device' }, /deviceGrant\.page/],
    [{ page: '//evil.example' }, /deviceGrant\.page/],
    [{ page: '/device', interval: 10 }, /deviceGrant\.interval/],
  ])('%j is refused at start', (deviceGrant, message) => {
    expect(() => withGrant({ deviceGrant })).toThrow(message);
  });
  test('a provider that wants a login of its own is refused at start', () => {
    expect(() => withGrant({ upstream: { refresh: async () => ({ accessToken: 'x' }) } })).toThrow(/deviceGrant/);
  });
});
