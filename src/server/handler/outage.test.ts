import { describe, expect, test } from 'vitest';
import { StoreUnavailableError, type Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { fakeClock } from '../testing/fake-clock.js';
import { attempt, site, TestBrowser } from '../testing/site.js';

/** A site whose store can be taken away: by throwing, or by silence. */
function fragile() {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  let state: 'up' | 'throws' | 'silent' = 'up';
  const wrapped = new Proxy(store, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (state === 'throws') return Promise.reject(new StoreUnavailableError('Connection refused.'));
        if (state === 'silent') return new Promise(() => {});
        return method(...args);
      };
    },
  }) as Store;
  const one = site({ clock, store: wrapped });
  return { one: { ...one, clock }, browser: new TestBrowser({ ...one, clock }), clock, set: (next: typeof state) => void (state = next) };
}

describe('the store is down', () => {
  test.each(['/refresh', '/logout'])('%s is 503 and ends nothing', async (path) => {
    const { browser, set } = fragile();
    await browser.login();
    set('throws');
    const reply = await browser.call('POST', path, {}, { 'Idempotency-Key': attempt(1) });
    expect(reply).toMatchObject({ status: 503, setCookies: [], body: { error: 'temporarily_unavailable', reason: 'store_unavailable', session: 'intact', retry_after: 1 } });
    expect(reply.headers.get('Retry-After')).toBe('1');
  });
  test('a store that never answers is given up before the browser gives up', async () => {
    const { browser, set, clock } = fragile();
    await browser.login();
    set('silent');
    const pending = browser.refresh({ have: 1 });
    await clock.waiting();
    await clock.advance(8_000);
    expect(await pending).toMatchObject({ status: 503, body: { reason: 'store_unavailable' } });
  });
  test('a token this process handed out is served while it lives, and only to a genuine cookie', async () => {
    const { browser, set, clock } = fragile();
    await browser.login();
    await clock.advance(6_000);
    const before = await browser.refresh({ have: 1 });
    set('throws');
    await clock.advance(60_000);
    const served = await browser.refresh({ reason: 'startup' });
    expect(served).toMatchObject({ status: 200, setCookies: [], body: { outcome: 'cached', gen: 2, expires_in: 840 } });
    expect(served.body['access_token']).toBe(before.body['access_token']);
    expect(await browser.refresh({ have: 1 })).toMatchObject({ status: 200, body: { gen: 2 } });
    expect((await browser.refresh({ have: 2 })).status).toBe(503);
    const [name] = browser.sessionCookies;
    const value = browser.jar.get(name!)!;
    browser.jar.set(name!, value.slice(0, -1) + (value.endsWith('A') ? 'Q' : 'A'));
    expect((await browser.refresh({ reason: 'startup' })).status).toBe(503);
    browser.jar.set(name!, value);
    await clock.advance(840_000);
    expect((await browser.refresh({ reason: 'startup' })).status).toBe(503);
  });
  test('after a sign-out here nothing is served from memory', async () => {
    const { browser, set, clock } = fragile();
    await browser.login();
    await clock.advance(6_000);
    await browser.refresh({ have: 1 });
    const copy = new Map(browser.jar);
    await browser.call('POST', '/logout', {});
    set('throws');
    for (const [name, value] of copy) browser.jar.set(name, value);
    expect((await browser.refresh({ reason: 'startup' })).status).toBe(503);
  });
});
