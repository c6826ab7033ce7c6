import { describe, expect, test } from 'vitest';
import { hintCookieName } from '../../contract/wire.js';
import { memoryStore } from '../stores/memory.js';
import { attempt, site, TestBrowser } from '../testing/site.js';

describe('several logins in one jar', () => {
  /** A jar that holds the cookies of several logins, as after a late Set-Cookie. */
  async function together(...users: string[]) {
    const one = site();
    const jar = new TestBrowser(one);
    const sids: string[] = [];
    for (const user of users) {
      const single = new TestBrowser(one);
      sids.push((await single.login(user)).body.sid);
      for (const [name, value] of single.jar) jar.jar.set(name, value);
      await one.clock.advance(1_000);
    }
    return { jar, sids, one };
  }
  test('the newest live login counts', async () => {
    const { jar, sids } = await together('ada', 'bob');
    expect((await jar.call('GET', '/session')).body).toMatchObject({ sid: sids[1], sub: 'bob' });
  });
  test('a late cookie of a dead login is harmless, and its name is expired on any answer', async () => {
    const { jar, sids, one } = await together('ada', 'bob');
    await one.endpoint.revoke({ sid: sids[1]! });
    expect(jar.sessionCookies).toHaveLength(2);
    const reply = await jar.call('GET', '/session');
    expect(reply.body).toMatchObject({ active: true, sub: 'ada' });
    expect(reply.setCookies).toHaveLength(1);
    expect(jar.sessionCookies).toHaveLength(1);
    expect(jar.jar.has(hintCookieName('https://app.example/auth'))).toBe(true);
  });
  test('at most four are read: the four that were set last', async () => {
    const { jar } = await together('a', 'b', 'c', 'd', 'e', 'f');
    await jar.call('POST', '/logout', {});
    expect(jar.sessionCookies).toHaveLength(2);
  });
  test('a session that ends with its only cookie takes the marker along, on the short way, too', async () => {
    const one = site();
    const browser = new TestBrowser(one);
    await browser.login();
    const stolen = new Map(browser.jar);
    for (let n = 1; n <= 2; n += 1) {
      await one.clock.advance(36_000);
      expect((await browser.refresh({ have: n })).status).toBe(200);
    }
    for (const [name, value] of stolen) browser.jar.set(name, value);
    expect(await browser.refresh({ ids: ['x'.repeat(22)] })).toMatchObject({ status: 400, body: { reason: 'reuse_detected' } });
    expect([...browser.jar]).toEqual([]);
  });
  test('no answer sets one name twice', async () => {
    const { jar } = await together('ada', 'bob', 'eve');
    await jar.call('POST', '/login', { user: 'ada', password: 'right' }).then(({ setCookies }) => {
      const names = setCookies.map((line) => line.split('=')[0]);
      expect(new Set(names).size).toBe(names.length);
    });
  });
  test('the newest login ends those it has replaced: who signs out of it is not somebody else with the next refresh', async () => {
    const { jar, sids, one } = await together('ada', 'bob', 'eve');
    const copy = new Map(jar.jar);
    const reply = await jar.refresh({ reason: 'startup' });
    expect(reply).toMatchObject({ status: 200, body: { sid: sids[2], sub: 'eve' } });
    expect(jar.sessionCookies).toHaveLength(1);
    for (const sid of sids.slice(0, 2)) expect(one.events).toContainEqual({ type: 'ended', reason: 'signed_out', sid, client: 'web' });
    await jar.call('POST', '/logout', { sid: sids[2] });
    for (const [name, value] of copy) jar.jar.set(name, value);
    expect(await jar.refresh({ reason: 'startup' })).toMatchObject({ status: 400, body: { reason: 'signed_out', session: 'ended' } });
  });
  test('a sign-out before that ends them as well, and never a login that came later', async () => {
    const { jar, sids } = await together('ada', 'bob', 'eve');
    await jar.call('POST', '/logout', { sid: sids[1] });
    expect(jar.sessionCookies).toHaveLength(1);
    expect((await jar.call('GET', '/session')).body).toMatchObject({ sid: sids[2], sub: 'eve' });
    await jar.call('POST', '/logout', { sid: 'unknown' });
    expect((await jar.call('GET', '/session')).body).toMatchObject({ active: true });
  });
  test('a dead family among live ones never ends the session', async () => {
    const { jar, sids, one } = await together('ada', 'bob');
    await one.endpoint.revoke({ sid: sids[1]! });
    await one.clock.advance(35_000);
    expect(await jar.refresh({ have: 1 })).toMatchObject({ status: 200, body: { sid: sids[0], outcome: 'rotated' } });
  });
});

describe('two endpoints of one origin, store and key', () => {
  /** A shop and its back office. */
  function both() {
    const shop = site({ deviceGrant: { page: '/device' } });
    return { shop, staff: site({ store: shop.store, clock: shop.clock, mount: '/staff/auth', issuer: { audience: 'https://staff.example' } }) };
  }
  const at = (mount: string, headers: Record<string, string>, body?: object) =>
    new Request(`https://app.example${mount}/refresh`, { method: 'POST', headers: { 'Idempotency-Key': attempt(1), 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body ?? {}) });

  test.each(['before', 'after'])('a cookie of the one is nobody at the other, under that one’s name (%s it was met)', async (when) => {
    const { shop, staff } = both();
    const ada = new TestBrowser(shop);
    await ada.login();
    const request = new Request('https://app.example/staff/auth/login', { method: 'POST', headers: { 'X-Tabaton': '1', 'Sec-Fetch-Site': 'same-origin', 'Content-Type': 'application/json' }, body: '{"user":"eve","password":"right"}' });
    const [line] = (await staff.endpoint(request)).headers.getSetCookie();
    const Cookie = `${/^[^=]+/.exec(line!)![0]}=${ada.jar.get(ada.sessionCookies[0]!)}`;
    if (when === 'after') await staff.endpoint(at('/staff/auth', { 'X-Tabaton': '1', 'Sec-Fetch-Site': 'same-origin', Cookie }));
    const refused = await staff.endpoint(at('/staff/auth', { 'X-Tabaton': '1', 'Sec-Fetch-Site': 'same-origin', Cookie }));
    expect([refused.status, await refused.json()]).toMatchObject([400, { reason: 'no_session' }]);
    expect((await ada.call('GET', '/session')).body).toMatchObject({ active: true });
  });
  test('nor is the credential of an app', async () => {
    const { shop, staff } = both();
    const app = new TestBrowser(shop, { 'X-Tabaton': 'native' });
    const { body } = await app.login();
    const held = { reason: 'startup', refresh_token: body.refresh_token };
    expect((await staff.endpoint(at('/staff/auth', { 'X-Tabaton': 'native' }, held))).status).toBe(400);
    expect((await shop.endpoint(at('/auth', { 'X-Tabaton': 'native' }, held))).status).toBe(200);
  });
  test('a session of before mounts were noted is good where it was', async () => {
    const store = memoryStore();
    const { create } = store;
    store.create = (family) => create({ ...family, mount: undefined });
    const ada = new TestBrowser(site({ store }));
    await ada.login();
    expect((await ada.refresh({ reason: 'startup' })).status).toBe(200);
  });
});

describe('the header', () => {
  test.each(['\u00a0', '\u000b', '\u000c'])('a name behind %j is not ours: only HTTP blanks are skipped, or a sibling host could set our cookies', async (blank) => {
    const one = site();
    const [ada, mallory] = [new TestBrowser(one), new TestBrowser(one)];
    await ada.login();
    await one.clock.advance(1_000);
    await mallory.login('mallory');
    const [name] = mallory.sessionCookies;
    const tossed = `${ada.cookieHeader};${blank}${name}=${mallory.jar.get(name!)}; \t${ada.sessionCookies[0]}=x`;
    const { body } = await ada.send(ada.request('GET', '/session', undefined, { Cookie: tossed }));
    expect(body).toMatchObject({ active: true, sub: 'ada' });
  });
  test('however many cookies of other applications come along, ours is found', async () => {
    const ada = new TestBrowser(site());
    await ada.login();
    for (let i = 0; i < 5; i += 1) ada.jar.set(`other-${i}`, 'x'.repeat(4_000));
    expect((await ada.call('GET', '/session')).body).toMatchObject({ active: true, sub: 'ada' });
  });
});
