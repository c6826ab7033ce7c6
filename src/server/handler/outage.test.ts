import { describe, expect, test } from 'vitest';
import type { EndpointOptions } from '../config/endpoint-options.js';
import { StoreUnavailableError, type Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { fakeClock } from '../testing/fake-clock.js';
import { attempt, site, TestBrowser } from '../testing/site.js';

type State = 'up' | 'throws' | 'silent' | 'late' | 'defect';

/** A site whose store can be taken away: by throwing, or by silence; at once, or as soon as it has decided a rotation. */
function fragile(options: Partial<EndpointOptions> = {}) {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  let state: State = 'up';
  let afterPresent: (() => void) | undefined;
  const held: (() => void)[] = [];
  const wrapped = new Proxy(store, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (state === 'throws') return Promise.reject(new StoreUnavailableError('Connection refused.'));
        if (state === 'defect') return Promise.reject(new TypeError('Not a function.'));
        if (state === 'silent') return new Promise(() => {});
        if (state === 'late') return new Promise((resolve) => held.push(() => resolve(method(...args))));
        if (name !== 'present') return method(...args);
        return Promise.resolve(method(...args)).finally(() => afterPresent?.());
      };
    },
  }) as Store;
  const one = site({ clock, store: wrapped, ...options });
  return {
    one: { ...one, clock },
    browser: new TestBrowser({ ...one, clock }),
    clock,
    /** The store answers what it was asked while it was late. */
    answer() {
      state = 'up';
      for (const run of held) run();
    },
    set: (next: State) => void ([state, afterPresent] = [next, undefined]),
    /** Resolves when it has happened. */
    setAfterPresent: (next: State) => new Promise<void>((resolve) => (afterPresent = () => ((state = next), resolve()))),
  };
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
  test('people who are on their way to a provider are shown a page', async () => {
    const issuer = 'https://id.example';
    const { browser, set } = fragile({
      authenticate: undefined,
      upstream: { issuer, clientId: 'app', metadata: { authorization_endpoint: `${issuer}/authorize` } },
    });
    const signedIn = new TestBrowser(site());
    await signedIn.login();
    for (const [name, value] of signedIn.jar) browser.jar.set(name, value);
    for (const state of ['throws', 'defect'] as const) {
      set(state);
      const reply = await browser.call('GET', '/login?return_to=/inbox', undefined, { 'Sec-Fetch-Mode': 'navigate' });
      expect(reply).toMatchObject({ status: state === 'throws' ? 503 : 500, body: { text: expect.stringContaining('try again in a moment') } });
      expect(reply.headers.get('Content-Security-Policy')).toContain("default-src 'none'");
    }
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 500, body: { session: 'intact' } });
  });
  test('a sign-out everywhere that was cut short is whole at the next try', async () => {
    const one = site();
    const [laptop, phone] = [new TestBrowser(one), new TestBrowser(one)];
    await laptop.login();
    await phone.login();
    const { find } = one.store;
    one.store.find = async () => {
      one.store.find = find;
      throw new StoreUnavailableError('Connection refused.');
    };
    expect((await laptop.call('POST', '/logout', { scope: 'all' })).status).toBe(503);
    expect((await laptop.call('POST', '/logout', { scope: 'all' })).status).toBe(200);
    for (const browser of [laptop, phone]) expect((await browser.call('GET', '/session')).body).toMatchObject({ active: false });
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
  test('nor to the cookie of another origin, under whatever name it comes', async () => {
    const front = { 'Sec-Fetch-Site': 'same-site', Origin: 'https://front.example' };
    const { browser, one, set } = fragile({ origins: [front.Origin] });
    await browser.login();
    await browser.refresh({ reason: 'startup' });
    const other = new TestBrowser(one, front);
    await other.login();
    other.jar.set(other.sessionCookies[0]!, browser.jar.get(browser.sessionCookies[0]!)!);
    set('throws');
    expect((await browser.refresh({ reason: 'startup' })).status).toBe(200);
    expect((await other.refresh({ reason: 'startup' })).status).toBe(503);
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

describe('an end whose answer is lost', () => {
  /** The store carries out what it is asked for, and says nothing in time. */
  const losing = (one: ReturnType<typeof fragile>['one'], name: 'end' | 'present', times = 1) => {
    const carriedOut = one.store[name] as (...args: unknown[]) => Promise<unknown>;
    let left = times;
    one.store[name] = (async (...args: unknown[]) => {
      const answer = await carriedOut(...args);
      left -= 1;
      if (left >= 0) throw new StoreUnavailableError('No answer in time.');
      return answer;
    }) as never;
  };
  async function signedIn() {
    const revoked: unknown[] = [];
    const clock = fakeClock();
    const one = site({
      clock,
      authenticate: async () => ({ sub: 'ada', tokens: { accessToken: 'at', refreshToken: 'rt', expiresInMs: 900_000 } }),
      upstream: { refresh: async () => ({ accessToken: 'at' }), revoke: async (tokens) => void revoked.push(tokens) },
      store: memoryStore({ clock }),
    });
    const browser = new TestBrowser({ ...one, clock });
    const { body } = await browser.login();
    const told = (type: string) => one.events.filter((event) => event.type === type);
    return { one: { ...one, clock }, browser, clock, revoked, told, sid: body['sid'] };
  }

  test.each([['tries again', 1], ['does not', 0]])('a sign-out is told and revoked once, when the browser %s', async (_, again) => {
    const { one, browser, clock, revoked, told, sid } = await signedIn();
    losing(one, 'end');
    expect((await browser.call('POST', '/logout', {})).status).toBe(503);
    if (again) expect((await browser.call('POST', '/logout', {})).status).toBe(200);
    expect(told('ended')).toEqual([]);
    await clock.advance(5_000);
    expect(told('ended')).toEqual([{ type: 'ended', reason: 'signed_out', sid, client: 'web' }]);
    while (revoked.length === 0) await clock.advance(0);
    await clock.advance(300_000);
    expect([told('ended').length, revoked.length]).toEqual([1, 1]);
  });
  test('a theft is counted and its grant revoked, though the verdict was lost', async () => {
    const { one, browser, clock, revoked, told, sid } = await signedIn();
    const stolen = new Map(browser.jar);
    await clock.advance(36_000);
    await browser.refresh({ have: 1 });
    await clock.advance(36_000);
    for (const [name, value] of stolen) browser.jar.set(name, value);
    losing(one, 'present');
    expect((await browser.refresh({ ids: [attempt(77)] })).status).toBe(503);
    expect(await browser.refresh({ ids: [attempt(77)] })).toMatchObject({ status: 400, body: { reason: 'reuse_detected' } });
    await clock.advance(5_000);
    expect(told('reuse')).toEqual([{ type: 'reuse', kind: 'older', sid, client: 'web' }]);
    expect(told('ended')).toMatchObject([{ reason: 'reuse_detected' }]);
    while (revoked.length === 0) await clock.advance(0);
  });
  test('what was told is not told again, however often it is met', async () => {
    const { browser, clock, revoked, told } = await signedIn();
    const copy = new Map(browser.jar);
    await browser.call('POST', '/logout', {});
    for (let round = 0; round < 3; round += 1) {
      for (const [name, value] of copy) browser.jar.set(name, value);
      await browser.call('POST', '/logout', {});
      for (const [name, value] of copy) browser.jar.set(name, value);
      expect((await browser.refresh()).status).toBe(400);
      await clock.advance(6_000);
    }
    expect([told('ended').length, revoked.length]).toEqual([1, 1]);
  });
});

describe('the store goes away between the rotation and the token', () => {
  const M = 35_000;
  /** Tokens come from elsewhere, so that more is asked of the store after the rotation. */
  async function mediated() {
    let serial = 0;
    const given = () => ({ accessToken: `token-${(serial += 1)}`, expiresInMs: 100_000, refreshToken: 'r' });
    const all = fragile({
      authenticate: async () => ({ sub: 'ada', tokens: given() }),
      upstream: { refresh: async () => given() },
    });
    await all.browser.login();
    // This process has handed it out: it is what memory can serve.
    await all.browser.refresh({ reason: 'startup' });
    await all.clock.advance(M);
    return all;
  }
  const refreshes = ({ one }: Awaited<ReturnType<typeof mediated>>) => one.events.filter(({ type }) => type === 'refresh').slice(1);

  test.each<[State, number, string]>([
    ['throws', 503, 'store_unavailable'],
    ['silent', 503, 'store_unavailable'],
    ['late', 503, 'store_unavailable'],
    ['defect', 500, 'unexpected'],
  ])('(%s): the cookie and attempt_settled go with the %i', async (state, status, reason) => {
    const all = await mediated();
    const { browser, clock, set, setAfterPresent } = all;
    const before = browser.cookieHeader;
    const gone = setAfterPresent(state);
    const pending = browser.refresh({ have: 1, ids: [attempt(50)] });
    await gone;
    if (state === 'silent' || state === 'late') await clock.advance(8_000);
    const reply = await pending;
    expect(reply).toMatchObject({ status, body: { reason, session: 'intact', attempt_settled: attempt(50) } });
    expect(browser.cookieHeader).not.toBe(before);
    // What comes after the answer that was made in its place is heard by nobody, and said of by nobody.
    if (state === 'late') {
      all.answer();
      for (let n = 0; n < 50; n += 1) await clock.advance(0);
    }
    expect(refreshes(all)).toEqual([expect.objectContaining({ outcome: 'rotated', status, reason })]);
    // What a silent store never answered is waited for until the end of the test.
    if (state === 'silent') return;
    // Nobody is taken for a thief afterwards.
    set('up');
    await clock.advance(M);
    expect(await browser.refresh({ have: 1, ids: [attempt(51)] })).toMatchObject({ status: 200, body: { outcome: 'rotated', gen: 2 } });
  });
  test('and with a token of memory', async () => {
    const all = await mediated();
    const { browser, clock, setAfterPresent } = all;
    await clock.advance(45_000);
    const before = browser.cookieHeader;
    void setAfterPresent('throws');
    const reply = await browser.refresh({ reason: 'startup', min_ttl: 30, ids: [attempt(50)] });
    expect(reply).toMatchObject({ status: 200, body: { access_token: 'token-1', gen: 1, attempt_settled: attempt(50) } });
    expect(browser.cookieHeader).not.toBe(before);
    expect(refreshes(all)).toEqual([expect.objectContaining({ outcome: 'rotated', status: 200 })]);
  });
});
