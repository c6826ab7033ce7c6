import { describe, expect, test } from 'vitest';
import { hintCookieName } from '../../contract/wire.js';
import { site, TestBrowser } from '../testing/site.js';

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
    const dead = new TestBrowser(one);
    for (const [name, value] of jar.jar) dead.jar.set(name, value);
    await dead.call('POST', '/logout', { sid: sids[1] });
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
  test('a dead family among live ones never ends the session', async () => {
    const { jar, sids, one } = await together('ada', 'bob');
    const single = new TestBrowser(one);
    for (const [name, value] of jar.jar) single.jar.set(name, value);
    await single.call('POST', '/logout', { sid: sids[1] });
    await one.clock.advance(35_000);
    expect(await jar.refresh({ have: 1 })).toMatchObject({ status: 200, body: { sid: sids[0], outcome: 'rotated' } });
  });
});
