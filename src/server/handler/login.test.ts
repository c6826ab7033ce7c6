import { describe, expect, test } from 'vitest';
import type { FunctionUpstream } from '../upstream/function-upstream.js';
import { UpstreamError } from '../upstream/upstream.js';
import { site, TestBrowser, type TestSite } from '../testing/site.js';

/** Fails a login and moves the clock over the pace. */
async function fail(browser: TestBrowser, user: string, address: string) {
  const request = browser.request('POST', '/login', { user, password: 'wrong' });
  const pending = browser.send(request, { address });
  await browser.site.clock.waiting();
  await browser.site.clock.advance(250);
  return pending;
}
const tryRight = (browser: TestBrowser, user: string, address: string) =>
  browser.send(browser.request('POST', '/login', { user, password: 'right' }), { address });

const paced = (options = {}): TestSite => site({ limits: { loginPaceMs: 250 }, ...options });

describe('login limits', () => {
  test('after five failures of one account from one address the right password waits, too', async () => {
    const browser = new TestBrowser(paced());
    for (let i = 0; i < 5; i += 1) expect((await fail(browser, 'ada', '1.1.1.1')).status).toBe(400);
    const refused = await tryRight(browser, 'ada', '1.1.1.1');
    expect(refused).toMatchObject({ status: 429, body: { error: 'slow_down', reason: 'rate_limited', session: 'intact' } });
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(refused.body['retry_after']).toBe(Number(refused.headers.get('Retry-After')));
    expect((await tryRight(browser, 'ada', '2.2.2.2')).status).toBe(200);
    expect((await tryRight(browser, 'bob', '1.1.1.1')).status).toBe(200);
    await browser.site.clock.advance(60_000);
    expect((await tryRight(browser, 'ada', '1.1.1.1')).status).toBe(200);
  });
  test('an account is one, however it is written', async () => {
    const browser = new TestBrowser(paced());
    for (const user of ['ada', 'Ada', ' ADA ', 'ada ', '\tada']) expect((await fail(browser, user, '1.1.1.1')).status).toBe(400);
    expect((await tryRight(browser, 'ada', '1.1.1.1')).status).toBe(429);
  });
  test('guesses sent at once count like guesses sent in turn', async () => {
    let asked = 0;
    const one = paced({ authenticate: async () => (asked++, null) });
    const browser = new TestBrowser(one);
    const guesses = Array.from({ length: 20 }, () => browser.send(browser.request('POST', '/login', { user: 'ada' }), { address: 'a' }));
    await one.clock.waiting(5);
    await one.clock.advance(250);
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 400)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(15);
    expect(asked).toBe(5);
  });
  test('one account from many addresses, and one address with many accounts, end at ten times that', async () => {
    const browser = new TestBrowser(paced({ limits: { loginPaceMs: 1, loginFailuresPerMinute: 1 } }));
    for (let i = 0; i < 10; i += 1) expect((await fail(browser, 'ada', `address-${i}`)).status).toBe(400);
    expect((await tryRight(browser, 'ada', 'fresh')).status).toBe(429);
    for (let i = 0; i < 10; i += 1) await fail(browser, `user-${i}`, 'one');
    expect((await tryRight(browser, 'eve', 'one')).status).toBe(429);
  });
  test('of IPv6 the network counts: each host has 2⁶⁴ addresses to guess from', async () => {
    const browser = new TestBrowser(paced({ limits: { loginPaceMs: 1, loginFailuresPerMinute: 1 } }));
    for (let i = 0; i < 10; i += 1) expect((await fail(browser, `user-${i}`, `2001:db8:0:7::${i.toString(16)}`)).status).toBe(400);
    expect((await tryRight(browser, 'ada', '2001:DB8::7:1:2:3:4')).status).toBe(429);
    expect((await tryRight(browser, 'ada', '2001:db8:0:8::1')).status).toBe(200);
  });
  test.each([['::ffff:1.1.1.1', '::ffff:1.1.1.2'], ['::ffff:101:101', '::ffff:101:102'], ['::1', '::2'], ['1.1.1.1:80', '1.1.1.1:81']])('%s is not %s', async (one, other) => {
    const browser = new TestBrowser(paced({ limits: { loginPaceMs: 1, loginFailuresPerMinute: 1 } }));
    await fail(browser, 'ada', one);
    expect((await tryRight(browser, 'ada', one)).status).toBe(429);
    expect((await tryRight(browser, 'ada', other)).status).toBe(200);
  });
  test('a refused try counts for nothing: nobody shuts an account by knocking', async () => {
    const browser = new TestBrowser(paced({ limits: { loginPaceMs: 1, loginFailuresPerMinute: 1 } }));
    await fail(browser, 'ada', 'mallory');
    for (let i = 0; i < 20; i += 1) expect((await tryRight(browser, 'ada', 'mallory')).status).toBe(429);
    expect((await tryRight(browser, 'ada', 'home')).status).toBe(200);
  });
  test('without an address nobody locks an account, or the site, with five tries; guesses end at ten times that', async () => {
    const one = paced({ limits: { loginPaceMs: 1 } });
    const browser = new TestBrowser(one);
    for (let i = 0; i < 5; i += 1) await fail(browser, 'ada', '');
    expect((await tryRight(browser, 'ada', '')).status).toBe(200);
    for (let i = 5; i < 50; i += 1) expect((await fail(browser, 'ada', '')).status).toBe(400);
    expect((await tryRight(browser, 'ada', '')).status).toBe(429);
    expect((await tryRight(browser, 'bob', '')).status).toBe(200);
    expect(one.events.filter(({ type }) => type === 'fault')).toEqual([]);
  });
  test('of accounts that cannot be told apart the address counts; without that nothing does, and a fault says so once', async () => {
    const one = paced({ limits: { loginPaceMs: 1, loginFailuresPerMinute: 1 }, accountOf: async () => undefined });
    const browser = new TestBrowser(one);
    for (let i = 0; i < 10; i += 1) expect((await fail(browser, 'ada', 'one')).status).toBe(400);
    expect((await tryRight(browser, 'ada', 'one')).status).toBe(429);
    expect((await tryRight(browser, 'ada', 'two')).status).toBe(200);
    for (let i = 0; i < 12; i += 1) expect((await fail(browser, 'ada', '')).status).toBe(400);
    expect((await tryRight(browser, 'ada', '')).status).toBe(200);
    const faults = one.events.filter(({ type }) => type === 'fault');
    expect(faults).toEqual([{ type: 'fault', what: 'limit failed logins', message: expect.stringContaining('accountOf') }]);
  });
  test.each<[string, (guess: number) => [body: string, type: string]]>([
    ['JSON that says it is text', () => ['{"user":"ada"}', 'text/plain']],
    ['JSON that says it is a form', () => ['{"user":"ada"}', 'application/x-www-form-urlencoded']],
    ['a form that says it is text', () => ['user=ada', 'text/plain']],
    ['another name beside it', (guess) => [`{"username":"${guess}","user":"ada"}`, 'application/json']],
    ['another name before it', (guess) => [`user=${guess}&user=ada`, 'application/x-www-form-urlencoded']],
    ['another name behind it', (guess) => [`user=ada&user=${guess}`, 'application/x-www-form-urlencoded']],
  ])('%s hides no account', async (_, body) => {
    const one = paced({ authenticate: async () => null });
    const browser = new TestBrowser(one);
    const statuses: number[] = [];
    for (let guess = 0; guess < 7; guess += 1) {
      const [text, type] = body(guess);
      const pending = browser.send(browser.request('POST', '/login', text, { 'Content-Type': type }), { address: 'mallory' });
      if (guess < 5) {
        await one.clock.waiting();
        await one.clock.advance(250);
      }
      statuses.push((await pending).status);
    }
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429, 429]);
  });
  test('an account that is a number counts as well', async () => {
    const browser = new TestBrowser(paced({ limits: { loginPaceMs: 1, loginFailuresPerMinute: 1 } }));
    await fail(browser, 7 as never, 'mallory');
    expect((await tryRight(browser, '7', 'mallory')).status).toBe(429);
  });
  test('successes cost nothing', async () => {
    const browser = new TestBrowser(paced());
    for (let i = 0; i < 20; i += 1) expect((await tryRight(browser, 'ada', 'a')).status).toBe(200);
  });
});

test.each(['{', 'null', '[]', '"ada"', ''])('a body that says it is JSON and is no object (%j) is the sender’s mistake, and no failed login', async (body) => {
  const one = site();
  const browser = new TestBrowser(one);
  for (let i = 0; i < 6; i += 1) {
    expect(await browser.call('POST', '/login', body)).toMatchObject({ status: 400, body: { error: 'invalid_request', reason: 'malformed', session: 'intact' } });
  }
  expect(one.events.filter(({ type }) => type !== 'refused')).toEqual([]);
});

describe('a body that the application cannot read', () => {
  const readers: [string, (request: Request) => Promise<unknown>, RegExp][] = [
    ['JSON', (request) => request.json(), /as Content-Type: application\/json/],
    ['JSON, of which the application reads a copy', (request) => request.clone().json(), /as Content-Type: application\/json/],
    ['a form', (request) => request.formData(), /application\/x-www-form-urlencoded/],
  ];
  test.each(readers)('is its sender’s mistake, who is told to send %s', async (_, read, advice) => {
    const one = paced({ limits: { loginFailuresPerMinute: 1 }, authenticate: async (request: Request) => ((await read(request)) ? { sub: 'ada' } : null) });
    const browser = new TestBrowser(one);
    for (let i = 0; i < 12; i += 1) {
      const request = browser.request('POST', '/login', '\u0000', { 'Content-Type': 'text/plain' });
      expect(await browser.send(request, { address: 'a' })).toMatchObject({
        status: 400,
        body: { error: 'invalid_request', reason: 'malformed', session: 'intact', error_description: expect.stringMatching(advice) },
      });
    }
    expect(one.events.filter(({ type }) => type !== 'refused')).toEqual([]);
  });
  test('is no excuse for one that fails by itself', async () => {
    const one = site({ authenticate: async () => JSON.parse('{') });
    const browser = new TestBrowser(one);
    const request = browser.request('POST', '/login', 'user=ada', { 'Content-Type': 'application/x-www-form-urlencoded' });
    expect((await browser.send(request)).status).toBe(500);
  });
});

describe('equal time', () => {
  test.each([
    ['a quick no (unknown user)', 1],
    ['a slow no (a hash was computed)', 180],
  ])('%s is answered after the same time', async (_, takes) => {
    const one = site({
      authenticate: async () => {
        await new Promise<void>((resolve) => one.clock.after(takes, resolve));
        return null;
      },
    });
    const browser = new TestBrowser(one);
    const started = one.clock.now();
    let answeredAt = 0;
    const pending = browser.login().then(() => (answeredAt = one.clock.now()));
    await one.clock.waiting();
    await one.clock.advance(takes);
    await one.clock.waiting();
    await one.clock.advance(1_000);
    await pending;
    // The clock stands at the end of the advance when the answer is out; the timer itself is what counts.
    expect(one.events).toContainEqual(expect.objectContaining({ type: 'login', result: 'failed', ms: 250 }));
    expect(answeredAt).toBeGreaterThan(started);
  });
});

describe('the first tokens of a function-shaped upstream', () => {
  const granting = (grant: FunctionUpstream['grant']) => site({ authenticate: async () => ({ sub: 'ada' }), upstream: { grant, refresh: async () => ({ accessToken: 'x' }) } });

  test('are missing while the service is away: the login is 503 and says when to come back', async () => {
    const one = granting(async () => {
      throw new UpstreamError('unavailable', 'Closed.', { retryAfterMs: 7_000 });
    });
    const reply = await new TestBrowser(one).login();
    expect(reply).toMatchObject({ status: 503, setCookies: [], body: { reason: 'upstream_unavailable', session: 'intact', retry_after: 7 } });
    expect(reply.headers.get('Retry-After')).toBe('7');
  });
  test('are waited for ten seconds, whether the function heeds its signal or not', async () => {
    const one = granting(() => new Promise(() => {}));
    const pending = new TestBrowser(one).login();
    await one.clock.waiting();
    await one.clock.advance(10_000);
    expect(await pending).toMatchObject({ status: 504, body: { reason: 'upstream_timeout', session: 'intact' } });
  });
});

describe('what the application may say', () => {
  test('a claim of the endpoint itself is a defect, told in the log, not in the answer', async () => {
    const browser = new TestBrowser(site({ authenticate: async () => ({ sub: 'ada', claims: { iss: 'x' } }) }));
    const reply = await browser.login();
    expect(reply).toMatchObject({ status: 500, body: { reason: 'unexpected', session: 'intact' } });
    expect(browser.site.events).toContainEqual({ type: 'fault', what: 'answer /login', message: expect.stringContaining('"iss"') });
  });
  test('scopes never exceed the client', async () => {
    const browser = new TestBrowser(
      site({ clients: { web: { scopes: ['read'] } }, authenticate: async () => ({ sub: 'ada', scopes: ['read', 'admin'] }) }),
    );
    expect((await browser.login()).body).toMatchObject({ scope: 'read' });
  });
  test('a form login works like a JSON one, and its account is limited', async () => {
    const one = site({ authenticate: async (request) => ((await request.formData()).get('username') === 'ada' ? { sub: 'ada' } : null) });
    const browser = new TestBrowser(one);
    const request = browser.request('POST', '/login', 'username=ada', { 'Content-Type': 'application/x-www-form-urlencoded' });
    expect((await browser.send(request)).status).toBe(200);
  });
});
