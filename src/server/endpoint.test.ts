import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, test } from 'vitest';
import { hintCookieName } from '../contract/wire.js';
import { fakeClock } from './testing/fake-clock.js';
import { attempt, logoutAfterPresent, site, TestBrowser } from './testing/site.js';

const M = 35_000;
const C = 20_000;

describe('login', () => {
  test('gives a Strict, HttpOnly, prefixed cookie of its own name, a hint and a first token', async () => {
    const browser = new TestBrowser(site());
    const reply = await browser.login();
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ token_type: 'Bearer', gen: 1, sub: 'ada', expires_in: 900, lifetime: 900 });
    const [cookie, hint] = reply.setCookies;
    expect(cookie).toMatch(/^__Host-Http-tabaton\.[\w-]{4}\.[\w-]{8}=[\w-]+; Max-Age=7776000; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
    expect(hint).toBe(`${hintCookieName('https://app.example/auth')}=1; Max-Age=7776000; Path=/; Secure; SameSite=Lax`);
    expect(reply.headers.get('Cache-Control')).toBe('no-store');
  });
  test('in development the cookie is real, HttpOnly and carries the port', async () => {
    const browser = new TestBrowser(site({ publicOrigin: 'http://localhost:4321', dev: true }));
    const { setCookies } = await browser.login();
    expect(setCookies[0]).toMatch(/^tabaton-4321\.[\w-]{4}\.[\w-]{8}=[\w-]+; Max-Age=7776000; Path=\/; HttpOnly; SameSite=Strict$/);
  });
  test('the access token verifies through the key set, as RFC 9068 has it', async () => {
    const one = site({ issuer: { audience: 'https://api.example' }, authenticate: async () => ({ sub: 'ada', claims: { role: 'admin' }, scopes: ['read', 'write'] }) });
    const { body } = await new TestBrowser(one).login();
    const keys = await (await one.endpoint(new Request('https://app.example/auth/jwks'))).json();
    const { payload, protectedHeader } = await jwtVerify(body.access_token, createLocalJWKSet(keys as never), {
      issuer: 'https://app.example', audience: 'https://api.example', typ: 'at+jwt', currentDate: new Date(one.clock.now()),
    });
    expect(protectedHeader.alg).toBe('EdDSA');
    expect(payload).toMatchObject({ sub: 'ada', client_id: 'web', scope: 'read write', sid: body.sid, gen: 1, role: 'admin' });
    expect(payload.jti).toBe(`${body.sid}.1`);
    expect(payload.exp! - payload.iat!).toBe(900);
  });
  test('a failed login is 400 login_failed, sets nothing and ends nothing', async () => {
    const browser = new TestBrowser(site());
    const pending = browser.login('ada', 'wrong');
    await browser.site.clock.waiting();
    await browser.site.clock.advance(250);
    const reply = await pending;
    expect(reply).toMatchObject({ status: 400, setCookies: [], body: { error: 'invalid_grant', reason: 'login_failed', session: 'intact' } });
  });
  test('a new login ends the one before it in this browser and expires its name', async () => {
    const browser = new TestBrowser(site());
    const first = await browser.login('ada');
    const [name] = browser.sessionCookies;
    await browser.login('bob');
    expect(browser.sessionCookies).toHaveLength(1);
    expect(browser.sessionCookies).not.toContain(name);
    expect(browser.site.events).toContainEqual({ type: 'ended', reason: 'signed_out', sid: first.body.sid, client: 'web' });
  });
});

test('never rejects, whatever breaks', async () => {
  const clock = fakeClock();
  const { endpoint, origin, events } = site({ clock });
  clock.now = () => {
    throw new RangeError('No time.');
  };
  const response = await endpoint(new Request(`${origin}/auth/session`));
  expect(response.status).toBe(500);
  expect(await response.json()).toMatchObject({ reason: 'unexpected', session: 'intact' });
  expect(events).toEqual([{ type: 'fault', what: 'answer a request', message: 'RangeError: No time.' }]);
});

describe('refresh', () => {
  async function signedIn(options = {}) {
    const browser = new TestBrowser(site(options));
    const { body } = await browser.login();
    await browser.site.clock.advance(M);
    return { browser, clock: browser.site.clock, login: body };
  }

  test('rotates, mints the next generation and settles the attempt', async () => {
    const { browser, login } = await signedIn();
    const before = browser.cookieHeader;
    const reply = await browser.refresh({ have: 1 });
    expect(reply).toMatchObject({ status: 200, body: { outcome: 'rotated', gen: 2, sid: login.sid, session_at: login.session_at, attempt_settled: attempt(1) } });
    expect(reply.body['access_token']).not.toBe(login.access_token);
    expect(browser.cookieHeader).not.toBe(before);
  });
  test('an empty body with the two headers is a first request: startup, served from the cache', async () => {
    const { browser, login } = await signedIn();
    const reply = await browser.call('POST', '/refresh', undefined, { 'Idempotency-Key': attempt(9) });
    expect(reply).toMatchObject({ status: 200, setCookies: [], body: { outcome: 'cached', gen: 1, access_token: login.access_token } });
  });
  test('a lost reply is replayed: the same cookie, byte for byte', async () => {
    const { browser, clock } = await signedIn();
    const lost = await browser.send(browser.refreshRequest({ ids: [attempt(7)], have: 1 }));
    await clock.advance(M - 1);
    const again = await browser.refresh({ ids: [attempt(7)], have: 1 });
    expect(again.body).toMatchObject({ outcome: 'replayed', attempt_settled: attempt(7) });
    const value = (line: string) => line.split(';')[0];
    expect(value(again.setCookies[0]!)).toBe(value(lost.setCookies[0]!));
  });
  test('a reply lost long ago: the same cookie and the settled id, and the token with the next id', async () => {
    const { browser, clock } = await signedIn();
    const lost = await browser.send(browser.refreshRequest({ ids: [attempt(7)], have: 1 }));
    await clock.advance(3_600_000);
    const again = await browser.refresh({ ids: [attempt(7)], have: 1 });
    expect(again).toMatchObject({ status: 409, body: { reason: 'attempt_spent', session: 'intact', attempt_settled: attempt(7) } });
    expect(again.body).not.toHaveProperty('access_token');
    const value = (line: string) => line.split(';')[0];
    expect(value(again.setCookies[0]!)).toBe(value(lost.setCookies[0]!));
    expect(await browser.refresh({ ids: [attempt(8), attempt(7)], have: 1 })).toMatchObject({ status: 200, body: { outcome: 'rotated' } });
  });
  test('a race gives a token without a cookie, and says when to settle', async () => {
    const { browser } = await signedIn();
    await browser.send(browser.refreshRequest({ ids: [attempt(1)], have: 1 }));
    const loser = await browser.send(browser.refreshRequest({ ids: [attempt(2)], have: 1 }));
    expect(loser).toMatchObject({ status: 200, setCookies: [], body: { outcome: 'raced', gen: 2, settle_after: 35 } });
    expect(loser.body).not.toHaveProperty('attempt_settled');
  });
  test('reuse after C ends this family alone and says which', async () => {
    const { browser, clock, login } = await signedIn();
    const other = new TestBrowser(browser.site);
    await other.login();
    const thief = browser.refreshRequest({ ids: [attempt(66)], have: 1 });
    await browser.refresh({ have: 1 });
    await clock.advance(C + 1);
    const caught = await browser.send(thief);
    expect(caught).toMatchObject({ status: 400, body: { error: 'invalid_grant', reason: 'reuse_detected', session: 'ended', sid: login.sid } });
    expect(await browser.refresh()).toMatchObject({ status: 400, body: { reason: 'reuse_detected', session: 'ended', sid: login.sid } });
    expect(browser.jar.size).toBe(0);
    expect(await other.refresh({ have: 1 })).toMatchObject({ status: 200 });
    expect(browser.site.events).toContainEqual(expect.objectContaining({ type: 'reuse', kind: 'previous' }));
  });
  test('a spent attempt is 409 with the id, without token or cookie', async () => {
    const { browser, clock } = await signedIn();
    await browser.refresh({ ids: [attempt(1)], have: 1 });
    await clock.advance(M);
    const reply = await browser.refresh({ ids: [attempt(1)], have: 2 });
    expect(reply).toMatchObject({ status: 409, setCookies: [], body: { reason: 'attempt_spent', session: 'intact', attempt_settled: attempt(1) } });
    expect(reply.headers.has('Retry-After')).toBe(false);
  });
  test('without a cookie: none, and never ended', async () => {
    const reply = await new TestBrowser(site()).refresh();
    expect(reply).toMatchObject({ status: 400, setCookies: [], body: { error: 'invalid_grant', reason: 'no_cookie', session: 'none' } });
    expect(reply.body).not.toHaveProperty('sid');
  });
  test('a family the store does not know is ended by its sid', async () => {
    const { browser, login } = await signedIn();
    const elsewhere = site();
    const reply = await new TestBrowser(elsewhere).send(browser.refreshRequest());
    expect(reply).toMatchObject({ status: 400, body: { reason: 'no_session', session: 'ended', sid: login.sid } });
  });
  test('a forged MAC is no session', async () => {
    const { browser } = await signedIn();
    const [name] = browser.sessionCookies;
    const value = browser.jar.get(name!)!;
    browser.jar.set(name!, value.slice(0, -1) + (value.endsWith('A') ? 'Q' : 'A'));
    const before = await browser.site.store.find('none');
    expect(await browser.refresh()).toMatchObject({ status: 400, body: { reason: 'no_session' } });
    expect(before).toEqual([]);
  });
  test('garbage under our name is no cookie at all', async () => {
    const { browser } = await signedIn();
    const [name] = browser.sessionCookies;
    browser.jar.set(name!, 'garbage');
    expect(await browser.refresh()).toMatchObject({ body: { session: 'none' } });
  });
  test('the hint goes when nobody is signed in', async () => {
    const { browser } = await signedIn();
    for (const name of browser.sessionCookies) browser.jar.delete(name);
    expect(browser.jar.size).toBe(1);
    await browser.refresh();
    expect(browser.jar.size).toBe(0);
  });
});

describe('generations', () => {
  async function at(ms: number) {
    const browser = new TestBrowser(site());
    await browser.login();
    await browser.site.clock.advance(ms);
    return browser;
  }
  test.each(['expiring', 'unauthorized', 'force'] as const)('%s never answers with what the caller holds', async (reason) => {
    const browser = await at(6_000);
    expect(await browser.refresh({ reason, have: 1 })).toMatchObject({ status: 200, body: { outcome: 'coalesced', gen: 2 } });
  });
  test('inside the gap it is 429 with Retry-After, in the header and in the body', async () => {
    const browser = await at(4_000);
    const reply = await browser.refresh({ reason: 'force', have: 1 });
    expect(reply).toMatchObject({ status: 429, body: { error: 'slow_down', reason: 'rate_limited', session: 'intact', retry_after: 1 } });
    expect(reply.headers.get('Retry-After')).toBe('1');
  });
  test('fifty contexts that hold generation 1 mint one token between them', async () => {
    const browser = await at(M);
    const replies = await Promise.all(Array.from({ length: 25 }, () => browser.send(browser.refreshRequest({ have: 1 }))));
    expect(new Set(replies.map(({ body }) => body['gen']))).toEqual(new Set([2]));
    expect(new Set(replies.map(({ body }) => body['access_token'])).size).toBe(1);
  });
  test('the cookie goes with the 429 of the token, and so does the settled attempt', async () => {
    const browser = await at(M - 1_000);
    await browser.refresh({ reason: 'force', have: 1 });
    await browser.site.clock.advance(1_000);
    const reply = await browser.refresh({ reason: 'force', have: 2, ids: [attempt(5)] });
    expect(reply).toMatchObject({ status: 429, body: { reason: 'rate_limited', attempt_settled: attempt(5) } });
    expect(reply.setCookies[0]).toMatch(/^__Host-Http-tabaton/);
  });
  test('the limit per family comes after the rotation: the flooded victim still rotates', async () => {
    const browser = await at(M - 1_000);
    for (let i = 0; i < 40; i += 1) await browser.send(browser.refreshRequest({ reason: 'startup' }));
    await browser.site.clock.advance(1_000);
    const reply = await browser.refresh({ have: 1, ids: [attempt(5)] });
    expect(reply).toMatchObject({ status: 429, body: { attempt_settled: attempt(5) } });
    expect(reply.setCookies).toHaveLength(1);
  });
  test('scopes and resources have tokens of their own, on one counter', async () => {
    const one = site({
      issuer: { resources: ['https://files.example'] },
      authenticate: async () => ({ sub: 'ada', scopes: ['read', 'write'] }),
    });
    const browser = new TestBrowser(one);
    await browser.login();
    expect(await browser.refresh({ reason: 'startup', scope: 'read' })).toMatchObject({ body: { gen: 2, scope: 'read' } });
    expect(await browser.refresh({ reason: 'startup', resource: 'https://files.example' })).toMatchObject({ body: { gen: 3 } });
    expect(await browser.refresh({ reason: 'startup', scope: 'read' })).toMatchObject({ body: { gen: 2 } });
    expect(await browser.refresh({ reason: 'startup' })).toMatchObject({ body: { gen: 1, scope: 'read write' } });
    expect(await browser.refresh({ scope: 'admin' })).toMatchObject({ status: 400, body: { reason: 'malformed' } });
    expect(await browser.refresh({ resource: 'https://evil.example' })).toMatchObject({ status: 400, body: { reason: 'malformed' } });
  });
});

describe('session', () => {
  test('says who is signed in, sets no cookie and gives no token', async () => {
    const browser = new TestBrowser(site());
    const { body } = await browser.login();
    await browser.site.clock.advance(100_000);
    const reply = await browser.call('GET', '/session');
    expect(reply).toMatchObject({ status: 200, setCookies: [], body: { active: true, gen: 1, sid: body.sid, sub: 'ada', expires_in: 800 } });
    expect(JSON.stringify(reply.body)).not.toContain(body.access_token.slice(-20));
  });
  test('never slides the idle expiry and never rotates', async () => {
    const browser = new TestBrowser(site());
    await browser.login();
    await browser.site.clock.advance(13 * 86_400_000);
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: true });
    await browser.site.clock.advance(86_400_000);
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: false, reason: 'idle' });
  });
  test('a cookie one behind counts within C, then it is stale, never reuse', async () => {
    const browser = new TestBrowser(site());
    await browser.login();
    await browser.site.clock.advance(M);
    await browser.send(browser.refreshRequest({ have: 1 }));
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: true });
    await browser.site.clock.advance(C + 1);
    expect((await browser.call('GET', '/session')).body).toEqual({ active: false, reason: 'stale' });
    expect(browser.site.events.some(({ type }) => type === 'reuse')).toBe(false);
  });
  test('nobody: no_cookie', async () => {
    expect((await new TestBrowser(site()).call('GET', '/session')).body).toEqual({ active: false, reason: 'no_cookie' });
  });
});

describe('logout', () => {
  test('ends the family, expires its cookie and the hint, and can be repeated', async () => {
    const browser = new TestBrowser(site());
    await browser.login();
    const copy = browser.refreshRequest();
    const first = await browser.call('POST', '/logout', {});
    expect(first).toMatchObject({ status: 200, body: { signed_out: true } });
    expect(browser.jar.size).toBe(0);
    expect(await browser.call('POST', '/logout', {})).toMatchObject({ status: 200 });
    expect(await browser.send(copy)).toMatchObject({ status: 400, body: { reason: 'signed_out', session: 'ended' } });
  });
  test('a late logout with its sid leaves a newer login alone', async () => {
    const browser = new TestBrowser(site());
    const old = await browser.login('ada');
    const fresh = await browser.login('bob');
    await browser.call('POST', '/logout', { sid: old.body.sid });
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: true, sid: fresh.body.sid });
    await browser.call('POST', '/logout', { sid: fresh.body.sid });
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: false });
  });
  test('honours an old cookie of the family', async () => {
    const browser = new TestBrowser(site());
    await browser.login();
    const old = new Map(browser.jar);
    for (let i = 0; i < 3; i += 1) {
      await browser.site.clock.advance(M);
      expect(await browser.refresh({ have: i + 1 })).toMatchObject({ body: { outcome: 'rotated' } });
    }
    for (const [name, value] of old) browser.jar.set(name, value);
    await browser.call('POST', '/logout', {});
    expect(browser.jar.size).toBe(0);
    expect(browser.site.events).toContainEqual(expect.objectContaining({ type: 'ended', reason: 'signed_out' }));
  });
  test('all ends every device of the user, and nobody else', async () => {
    const one = site();
    const [laptop, phone, other] = [new TestBrowser(one), new TestBrowser(one), new TestBrowser(one)];
    await laptop.login('ada');
    await phone.login('ada');
    await other.login('bob');
    await laptop.call('POST', '/logout', { scope: 'all' });
    expect(await phone.refresh()).toMatchObject({ body: { reason: 'signed_out', session: 'ended' } });
    expect((await other.call('GET', '/session')).body).toMatchObject({ active: true });
  });
  test('scope all said with the cookie of a login that nobody used for weeks ends no other one', async () => {
    const one = site();
    const [laptop, phone] = [new TestBrowser(one), new TestBrowser(one)];
    await laptop.login();
    await phone.login();
    for (let week = 1; week <= 3; week += 1) {
      await one.clock.advance(7 * 86_400_000);
      expect((await phone.refresh({ have: week })).status).toBe(200);
    }
    expect((await laptop.call('POST', '/logout', { scope: 'all' })).status).toBe(200);
    expect((await phone.call('GET', '/session')).body).toMatchObject({ active: true });
  });
  test('a refresh that waited for more than its decision sets no cookie after a logout', async () => {
    const one = site({ strictVersion: true });
    const browser = new TestBrowser(one);
    await browser.login();
    await one.clock.advance(M);
    logoutAfterPresent(one);
    const reply = await browser.refresh({ have: 1 });
    expect(reply).toMatchObject({ status: 400, body: { reason: 'signed_out', session: 'ended' } });
    expect(reply.setCookies.every((line) => line.includes('Max-Age=0'))).toBe(true);
  });
});

describe('helpers for server-side rendering', () => {
  test('peek and token tell who it is without rotating', async () => {
    const one = site();
    const browser = new TestBrowser(one);
    const { body } = await browser.login();
    await one.clock.advance(M);
    const page = () => new Request('https://app.example/inbox', { headers: { Cookie: browser.cookieHeader } });
    expect(await one.endpoint.peek(page())).toMatchObject({ sid: body.sid, sub: 'ada' });
    expect(await one.endpoint.token(page())).toMatchObject({ accessToken: body.access_token, gen: 1 });
    expect(await browser.refresh({ have: 1 })).toMatchObject({ body: { outcome: 'rotated' } });
    expect(await one.endpoint.peek(new Request('https://app.example/'))).toBeNull();
    await expect(one.endpoint.token(page(), { scope: 'admin' })).rejects.toThrow(RangeError);
  });
});
