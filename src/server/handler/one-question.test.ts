/** A rotation asks the store one question, and what is remembered for that never changes what is answered. */
import { describe, expect, test } from 'vitest';
import { createEndpoint } from '../endpoint.js';
import { parseCredential } from '../keys/credential.js';
import type { Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { fakeClock } from '../testing/fake-clock.js';
import { attempt, KEY, logoutAfterPresent, site, TestBrowser } from '../testing/site.js';

const M = 35_000;

describe('what a rotation asks of the store', () => {
  function counted() {
    const clock = fakeClock();
    const asked: string[] = [];
    const store = memoryStore({ clock });
    const counting = Object.fromEntries(
      Object.entries(store).map(([name, run]) => [name, (...given: never[]) => (asked.push(name), (run as (...args: never[]) => unknown)(...given))]),
    ) as unknown as Store;
    return { browser: new TestBrowser(site({ clock, store: counting })), clock, asked };
  }
  test('is one question, once this process has met the family', async () => {
    const { browser, clock, asked } = counted();
    await browser.login();
    await browser.refresh({ reason: 'startup' });
    await clock.advance(M);
    asked.length = 0;
    expect(await browser.refresh({ have: 1 })).toMatchObject({ body: { outcome: 'rotated', gen: 2 } });
    expect(await browser.refresh({ reason: 'startup' })).toMatchObject({ body: { outcome: 'cached', gen: 2 } });
    expect(asked).toEqual(['present', 'present']);
  });
  test('a second cookie, or a forged one, is judged by what the store knows', async () => {
    const { browser, clock, asked } = counted();
    await browser.login();
    await browser.refresh({ reason: 'startup' });
    await clock.advance(M);
    const [name] = browser.sessionCookies;
    const genuine = browser.jar.get(name!)!;
    asked.length = 0;
    browser.jar.set(name!, genuine.slice(0, -2) + (genuine.endsWith('AA') ? 'BB' : 'AA'));
    expect(await browser.send(browser.refreshRequest({ have: 1 }))).toMatchObject({ status: 400, body: { reason: 'no_session' } });
    expect(asked).not.toContain('present');
    browser.jar.set(name!, genuine);
    browser.jar.set(`${name!}x`, genuine);
    expect(await browser.refresh({ have: 1 })).toMatchObject({ body: { outcome: 'rotated' } });
    expect(asked).toContain('read');
  });
});

describe('a logout that comes in between', () => {
  test('a cookie that a logout overtakes on its way is worth nothing: the next refresh says so and expires it', async () => {
    const one = site();
    const browser = new TestBrowser(one);
    await browser.login();
    await one.clock.advance(M);
    logoutAfterPresent(one);
    expect(await browser.refresh({ have: 1 })).toMatchObject({ status: 200, body: { outcome: 'rotated' } });
    const reply = await browser.refresh({ have: 2 });
    expect(reply).toMatchObject({ status: 400, body: { reason: 'signed_out', session: 'ended' } });
    expect(reply.setCookies.find((line) => line.includes('HttpOnly'))).toContain('Max-Age=0');
    expect(await browser.refresh()).toMatchObject({ status: 400, body: { reason: 'no_cookie' } });
  });
  test('a node that knows the family already says of a logout elsewhere what one says that never met it', async () => {
    const one = site();
    const browser = new TestBrowser(one);
    await browser.login();
    await browser.refresh();
    const stranger = createEndpoint({ publicOrigin: one.origin, keys: KEY, store: one.store, clock: one.clock, jitter: 0, observe: () => {}, authenticate: async () => null });
    await one.store.end(parseCredential(browser.jar.get(browser.sessionCookies[0]!)!)!.family, 'revoked');
    const ask = () => browser.request('POST', '/refresh', { reason: 'startup', ids: [attempt(90)] }, { 'Idempotency-Key': attempt(90) });
    const [known, met] = await Promise.all([one.endpoint(ask()), stranger(ask())]);
    expect(known.status).toBe(400);
    expect(await known.json()).toEqual(await met.json());
    expect([...known.headers]).toEqual([...met.headers]);
  });
});
