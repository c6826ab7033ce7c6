import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import type { EndpointOptions } from '../config/endpoint-options.js';
import { openIdProvider, signInAt, type OpenIdProvider, type ProviderSettings } from '../testing/openid-provider.js';
import { site, TestBrowser, type TestSite } from '../testing/site.js';
import { systemClock } from '../clock.js';
import { memoryStore } from '../stores/memory.js';
import { serveEndpoint, type Served } from '../testing/serve.js';

let provider: OpenIdProvider;
let served: Served;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A site whose users sign in at a fresh provider. The provider judges by the real clock, so the site does too. */
async function mediatedSite(settings: Partial<ProviderSettings> = {}, options: Partial<EndpointOptions> = {}): Promise<TestSite> {
  served = await serveEndpoint();
  closing.push(served.close);
  provider = await openIdProvider({
    redirectUri: `${served.origin}/auth/callback`,
    backchannelLogoutUri: `${served.origin}/auth/backchannel-logout`,
    ...settings,
  });
  closing.push(provider.close);
  const clock = systemClock();
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
    },
    ...options,
  });
  served.mount(one.endpoint);
  return one;
}

async function signIn(browser: TestBrowser, sub = 'ada', path = '/login?return_to=/inbox') {
  const away = await browser.call('GET', path, undefined, { 'Sec-Fetch-Site': 'none' });
  expect(away.status).toBe(303);
  const back = new URL(await signInAt(away.headers.get('Location')!, sub));
  return browser.call('GET', back.pathname.replace('/auth', '') + back.search, undefined, { 'Sec-Fetch-Site': 'cross-site' });
}

const tokenCalls = () => provider.requests.filter((line) => line === 'POST /token').length;

describe('sign-in at a provider', () => {
  test('an identify() that never answers is given up, and a page says so', async () => {
    const { origin } = await mediatedSite();
    const system = systemClock();
    const { issuer, clientId, clientSecret } = provider;
    // The limit of the call that is under way is over as soon as it hangs.
    let over = () => {};
    const hanging = site({
      publicOrigin: origin,
      dev: true,
      clock: { ...system, after: (ms, run) => (ms === 10_000 && (over = run), system.after(ms, run)) },
      authenticate: undefined,
      upstream: { issuer, clientId, clientSecret, identify: () => new Promise(() => setImmediate(() => over())) },
    });
    served.mount(hanging.endpoint);
    expect((await signIn(new TestBrowser(hanging))).status).toBe(504);
  });
  test('code flow with PKCE: back in the app with a Strict cookie and the provider’s token', async () => {
    const browser = new TestBrowser(await mediatedSite());
    const back = await signIn(browser);
    expect(back.status).toBe(303);
    expect(back.headers.get('Location')).toBe(`${served.origin}/inbox`);
    expect(back.setCookies[0]).toMatch(/HttpOnly; SameSite=Strict$/);
    expect(browser.sessionCookies).toHaveLength(1);
    const reply = await browser.call('POST', '/refresh', undefined, { 'Idempotency-Key': 'a'.repeat(22) });
    expect(reply).toMatchObject({ status: 200, body: { outcome: 'cached', gen: 1, sub: 'ada', scope: 'openid offline_access read write' } });
    expect(tokenCalls()).toBe(1);
    expect(await browser.call('GET', '/session')).toMatchObject({ body: { active: true, sub: 'ada' } });
  });
  test('a return_to that no header can carry as it is leads back all the same', async () => {
    const back = await signIn(new TestBrowser(await mediatedSite()), 'ada', '/login?return_to=/%E6%97%A5%E6%9C%AC');
    expect(back.headers.get('Location')).toBe(`${served.origin}/%E6%97%A5%E6%9C%AC`);
  });
  test('the way out carries PKCE, state and nonce, and the secrets stay sealed', async () => {
    const browser = new TestBrowser(await mediatedSite());
    const away = await browser.call('GET', '/login');
    const url = new URL(away.headers.get('Location')!);
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    expect(url.searchParams.get('state')).toHaveLength(22);
    expect(url.searchParams.has('nonce')).toBe(true);
    expect(url.searchParams.has('response_mode')).toBe(false);
    expect(away.setCookies).toHaveLength(1);
    expect(away.setCookies[0]).toMatch(/Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(away.setCookies[0]).not.toContain(url.searchParams.get('nonce')!);
  });
  test('two tabs may sign in at once; at most four transactions are kept', async () => {
    const browser = new TestBrowser(await mediatedSite());
    const [one, two] = [await browser.call('GET', '/login'), await browser.call('GET', '/login?return_to=/two')];
    for (const away of [two, one]) {
      const back = new URL(await signInAt(away.headers.get('Location')!, 'ada'));
      expect((await browser.call('GET', back.pathname.replace('/auth', '') + back.search)).status).toBe(303);
    }
    for (let i = 0; i < 6; i += 1) await browser.call('GET', '/login');
    expect([...browser.jar.keys()].filter((name) => name.includes('-tx-'))).toHaveLength(4);
  });
  test('two tabs that sign in at once are one session after the first refresh, and none after its sign-out', async () => {
    const one = await mediatedSite();
    const browser = new TestBrowser(one);
    const aways = [await browser.call('GET', '/login'), await browser.call('GET', '/login')];
    for (const away of aways) {
      const back = new URL(await signInAt(away.headers.get('Location')!, 'ada'));
      // The way back comes from another site: it carries Lax cookies only.
      const returning = new TestBrowser(one);
      for (const [name, value] of browser.jar) if (name.includes('-tx-')) returning.jar.set(name, value);
      browser.keep(await returning.send(returning.request('GET', back.pathname.replace('/auth', '') + back.search)));
    }
    expect(browser.sessionCookies).toHaveLength(2);
    const { body } = await browser.refresh({ reason: 'startup' });
    await browser.call('POST', '/logout', { sid: body['sid'] });
    expect(await browser.refresh({ reason: 'startup' })).toMatchObject({ status: 400, body: { session: 'none' } });
  });
  test('a callback of another browser, a second use and a strange state sign nobody in', async () => {
    const one = await mediatedSite();
    const victim = new TestBrowser(one);
    const away = await victim.call('GET', '/login');
    const back = new URL(await signInAt(away.headers.get('Location')!, 'mallory'));
    const path = back.pathname.replace('/auth', '') + back.search;
    expect((await new TestBrowser(one).call('GET', path)).status).toBe(400);
    const cookies = new Map(victim.jar);
    expect((await victim.call('GET', path)).status).toBe(303);
    const again = new TestBrowser(one);
    for (const [name, value] of cookies) again.jar.set(name, value);
    expect((await again.call('GET', path)).status).toBe(400);
    // A code that reached the provider twice would have cost the first session its grant (RFC 6749 §4.1.2).
    expect(provider.events).not.toContain('grant.revoked');
    expect(again.sessionCookies.some((name) => !name.includes('tx'))).toBe(false);
  });
  test('a new sign-in ends the one before, noted on the way out because the way back has no Strict cookie', async () => {
    const one = await mediatedSite();
    const browser = new TestBrowser(one);
    await signIn(browser);
    const first = new Map(browser.jar);
    const away = await browser.call('GET', '/login');
    const back = new URL(await signInAt(away.headers.get('Location')!, 'bob'));
    const strictless = new TestBrowser(one);
    for (const [name, value] of browser.jar) if (name.includes('-tx-')) strictless.jar.set(name, value);
    await strictless.call('GET', back.pathname.replace('/auth', '') + back.search);
    const old = new TestBrowser(one);
    for (const [name, value] of first) old.jar.set(name, value);
    expect(await old.refresh()).toMatchObject({ body: { reason: 'signed_out', session: 'ended' } });
  });
  test('the user says no: a page for people, nothing is set', async () => {
    const browser = new TestBrowser(await mediatedSite());
    const away = await browser.call('GET', '/login');
    const state = new URL(away.headers.get('Location')!).searchParams.get('state')!;
    const iss = encodeURIComponent(provider.issuer);
    const back = await browser.call('GET', `/callback?error=access_denied&state=${state}&iss=${iss}`);
    expect(back.status).toBe(400);
    expect(back.headers.get('Content-Type')).toContain('text/html');
    expect(browser.jar.size).toBe(0);
  });
  test('a provider that is down costs a page, not a session', async () => {
    const browser = new TestBrowser(await mediatedSite());
    provider.intercept((_, response) => void response.writeHead(503).end());
    expect((await browser.call('GET', '/login')).status).toBe(502);
  });
});

describe('refresh through a provider that rotates', () => {
  test('ten requests at once are one refresh there, and every one gets the same token', async () => {
    const browser = new TestBrowser(await mediatedSite());
    await signIn(browser);
    const before = tokenCalls();
    const replies = await Promise.all(Array.from({ length: 10 }, () => browser.send(browser.refreshRequest({ reason: 'startup', min_ttl: 149, have: 1, scope: 'read' }))));
    expect(replies.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set(replies.map(({ body }) => body['access_token'])).size).toBe(1);
    expect(replies[0]!.body).toMatchObject({ gen: 2, scope: 'read' });
    expect(tokenCalls() - before).toBe(1);
    expect(provider.events).not.toContain('grant.revoked');
  });
  test('the rotated refresh token is kept: a second refresh works', async () => {
    const browser = new TestBrowser(await mediatedSite());
    await signIn(browser);
    expect(await browser.refresh({ reason: 'startup', scope: 'read' })).toMatchObject({ status: 200, body: { gen: 2 } });
    expect(await browser.refresh({ reason: 'startup', scope: 'write' })).toMatchObject({ status: 200, body: { gen: 3 } });
    expect(provider.events.filter((name) => name === 'refresh_token.consumed')).toHaveLength(2);
  });
  test('a provider that does not rotate works, too', async () => {
    const browser = new TestBrowser(await mediatedSite({ rotate: false }));
    await signIn(browser);
    for (const [index, scope] of ['read', 'write'].entries()) {
      expect(await browser.refresh({ reason: 'startup', scope })).toMatchObject({ status: 200, body: { gen: index + 2 } });
    }
  });
  test('a browser that leaves in mid-call takes nothing with it', async () => {
    const browser = new TestBrowser(await mediatedSite({}, { timing: { deadlineMs: 100, transitMs: 50, raceMs: 200, minRotationMs: 300 } }));
    await signIn(browser);
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    provider.intercept((_, __, pass) => void held.then(pass));
    const gaveUp = await browser.refresh({ reason: 'startup', scope: 'read' });
    expect(gaveUp).toMatchObject({ status: 503, body: { reason: 'upstream_unavailable', session: 'intact', retry_after: 1 } });
    release();
    await new Promise<void>((resolve) => {
      const look = () => (browser.site.events.some((event) => event.type === 'upstream' && event.result === 'ok') ? resolve() : setImmediate(look));
      look();
    });
    expect(await browser.refresh({ reason: 'startup', scope: 'read' })).toMatchObject({ status: 200, body: { gen: 2 } });
    expect(provider.events.filter((name) => name === 'refresh_token.consumed')).toHaveLength(1);
  });
  const json = { 'Content-Type': 'application/json' };
  test.each<[string, (response: ServerResponse) => void, number, string]>([
    ['500', (response) => response.writeHead(500).end('<h1>oops</h1>'), 503, 'upstream_unavailable'],
    ['429', (response) => response.writeHead(429, { 'Retry-After': '7' }).end(), 503, 'upstream_unavailable'],
    ['garbage', (response) => response.writeHead(200, json).end('{"access'), 502, 'upstream_malformed'],
    ['HTML with 200', (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>'), 502, 'upstream_malformed'],
    ['invalid_client', (response) => response.writeHead(401, json).end('{"error":"invalid_client"}'), 502, 'upstream_invalid_client'],
    ['invalid_scope', (response) => response.writeHead(400, json).end('{"error":"invalid_scope"}'), 502, 'upstream_invalid_scope'],
    ['a dead connection', (response) => response.destroy(), 503, 'upstream_unavailable'],
  ])('%s of the provider keeps the session', async (name, answer, status, reason) => {
    const browser = new TestBrowser(await mediatedSite());
    await signIn(browser);
    provider.intercept((request, response, pass) => (request.url === '/token' ? answer(response) : pass()));
    const reply = await browser.refresh({ reason: 'startup', scope: 'read' });
    expect(reply).toMatchObject({ status, body: { reason, session: 'intact' } });
    if (name === '429') expect(reply.headers.get('Retry-After')).toBe('7');
    provider.intercept(null);
    expect((await browser.refresh({ reason: 'startup', scope: 'read' })).status).toBe(200);
  });
  test('invalid_grant, and only that, ends the session', async () => {
    const browser = new TestBrowser(await mediatedSite());
    await signIn(browser);
    provider.intercept((request, response, pass) =>
      request.url === '/token' ? void response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}') : pass());
    const reply = await browser.refresh({ reason: 'startup', scope: 'read' });
    expect(reply).toMatchObject({ status: 400, body: { error: 'invalid_grant', reason: 'upstream_invalid_grant', session: 'ended' } });
    expect(browser.jar.size).toBe(0);
  });
});

describe('signing out with a provider', () => {
  async function until(condition: () => boolean) {
    while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  }
  test('logout revokes the refresh token there (RFC 7009)', async () => {
    const browser = new TestBrowser(await mediatedSite());
    await signIn(browser);
    await browser.call('POST', '/logout', {});
    await until(() => browser.site.events.some((event) => event.type === 'revocation' && event.result === 'ok'));
    expect(provider.requests).toContain('POST /token/revocation');
  });
  test('back-channel logout ends the session it names, once, and no other', async () => {
    const one = await mediatedSite();
    const [ada, bob] = [new TestBrowser(one), new TestBrowser(one)];
    await signIn(ada, 'ada');
    await signIn(bob, 'bob');
    await provider.backchannelLogout('ada', 'some-other-session');
    expect((await ada.call('GET', '/session')).body).toMatchObject({ active: true });
    await provider.backchannelLogout('ada', provider.sidOf('ada'));
    expect((await ada.call('GET', '/session')).body).toMatchObject({ active: false, reason: 'signed_out' });
    expect((await bob.call('GET', '/session')).body).toMatchObject({ active: true });
  });
});
