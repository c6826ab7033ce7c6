import { describe, expect, test } from 'vitest';
import { parseCredential } from '../keys/credential.js';
import { attempt, site, TestBrowser, type TestSite } from '../testing/site.js';

/** An app that is no page: no jar, no Origin, no Sec-Fetch-Site; it keeps its credential itself. */
class TestApp {
  credential = '';
  #serial = 0;
  readonly browser: TestBrowser;
  constructor(site: TestSite) {
    this.browser = new TestBrowser(site, { 'X-Tabaton': 'native' });
  }
  async post(path: string, body: object, headers: Record<string, string> = {}) {
    const reply = await this.browser.send(this.browser.request('POST', path, body, headers));
    expect(reply.setCookies).toEqual([]);
    return reply;
  }
  keep<R extends { body: Record<string, unknown> }>(reply: R): R {
    if (typeof reply.body['refresh_token'] === 'string') this.credential = reply.body['refresh_token'];
    return reply;
  }
  login = async () => this.keep(await this.post('/login', { user: 'ada', password: 'right' }));
  send(body: object = {}, ids = [attempt((this.#serial += 1))]) {
    return this.post('/refresh', { reason: 'expiring', refresh_token: this.credential, ids, ...body }, { 'Idempotency-Key': ids[0]! });
  }
  refresh = async (body: object = {}) => this.keep(await this.send(body));
}

const one = (client?: 'desktop' | 'cli') =>
  site({
    authenticate: async (request) => {
      const { user, password } = (await request.json()) as { user: string; password: string };
      return password === 'right' ? { sub: user, ...(client ? { client } : {}) } : null;
    },
  });

describe('an app that is no page', () => {
  test('has a credential that nobody can make up, also where the process has not met its session', async () => {
    const first = one();
    const app = new TestApp(first);
    await app.login();
    const genuine = app.credential;
    const restarted = site({ store: first.store, clock: first.clock });
    const forger = new TestApp(restarted);
    forger.credential = genuine.slice(0, -1) + (genuine.endsWith('A') ? 'Q' : 'A');
    expect(await forger.refresh({ reason: 'startup' })).toMatchObject({ status: 400, body: { reason: 'no_session', session: 'ended' } });
    await forger.post('/logout', { refresh_token: forger.credential });
    forger.credential = genuine;
    expect((await forger.refresh({ reason: 'startup' })).status).toBe(200);
  });

  test('gets its credential in the body, under the same rotation', async () => {
    const app = new TestApp(one());
    const first = await app.login();
    expect(first).toMatchObject({ status: 200, body: { outcome: 'rotated', gen: 1, expires_in: 1_800, refresh_expires_in: 30 * 86_400 } });
    expect(parseCredential(app.credential)?.rot).toBe(0);
    const login = app.credential;
    await app.browser.site.clock.advance(36_000);
    const ids = [attempt(900)];
    const lost = await app.send({ have: 1 }, ids);
    expect(lost).toMatchObject({ status: 200, body: { outcome: 'rotated', gen: 2, attempt_settled: ids[0] } });
    // The reply was lost: the same attempt brings the same credential again, and only one successor exists.
    const again = app.keep(await app.send({ have: 1 }, ids));
    expect(again.body).toMatchObject({ outcome: 'replayed', gen: 2, refresh_token: lost.body['refresh_token'] });
    expect(parseCredential(app.credential)?.rot).toBe(1);
    expect((await app.refresh({ have: 2, reason: 'startup' })).body).toMatchObject({ outcome: 'cached' });
    // A copy of the old one, with nothing to show for it, is theft.
    await app.browser.site.clock.advance(60_000);
    const thief = new TestApp(app.browser.site);
    thief.credential = login;
    expect((await thief.send({}, [attempt(901)])).body).toMatchObject({ reason: 'reuse_detected', session: 'ended' });
    expect((await app.refresh({ have: 2 })).body).toMatchObject({ reason: 'reuse_detected', session: 'ended' });
  });

  test('the credential comes along with an error, too', async () => {
    const app = new TestApp(site({ authenticate: async () => ({ sub: 'ada' }), limits: { refreshesPerMinute: 1 } }));
    await app.login();
    await app.browser.site.clock.advance(36_000);
    await app.send({ reason: 'startup', have: 1 });
    const limited = app.keep(await app.send({ have: 1 }, [attempt(77)]));
    expect(limited).toMatchObject({ status: 429, body: { reason: 'rate_limited', attempt_settled: attempt(77) } });
    expect(parseCredential(app.credential)?.rot).toBe(1);
  });

  test('authentication says which client it is, and with it the lifetimes', async () => {
    expect((await new TestApp(one('cli')).login()).body).toMatchObject({ expires_in: 3_600, refresh_expires_in: 30 * 86_400 });
    expect((await new TestApp(one('desktop')).login()).body).toMatchObject({ expires_in: 7_200 });
    const page = new TestBrowser(one('desktop'));
    const reply = await page.login();
    expect([reply.body['refresh_token'], reply.setCookies.length, reply.body.expires_in]).toEqual([undefined, 2, 7_200]);
  });

  test('signs out with its credential', async () => {
    const app = new TestApp(one());
    await app.login();
    expect(await app.post('/logout', { refresh_token: app.credential })).toMatchObject({ status: 200, body: { signed_out: true } });
    expect((await app.refresh()).body).toMatchObject({ reason: 'signed_out', session: 'ended' });
  });

  test('is served from memory while the store is away', async () => {
    const app = new TestApp(one());
    await app.login();
    const before = await app.refresh({ reason: 'startup' });
    app.browser.site.store.now = () => new Promise(() => {});
    app.browser.site.store.present = () => new Promise(() => {});
    const waiting = app.send({ reason: 'startup' });
    await app.browser.site.clock.waiting();
    await app.browser.site.clock.advance(8_000);
    expect((await waiting).body).toMatchObject({ outcome: 'cached', access_token: before.body['access_token'] });
  });
});

describe('what keeps the two kinds apart', () => {
  test.each([{ 'Sec-Fetch-Site': 'same-origin' }, { Origin: 'https://app.example' }, { 'Sec-Fetch-Site': 'cross-site' }])(
    'a page (%j) gets no credential into its script',
    async (headers) => {
      const app = new TestApp(one());
      const reply = await app.post('/login', { user: 'ada', password: 'right' }, { ...headers } as never);
      expect(reply).toMatchObject({ status: 403, body: { reason: 'csrf_origin', session: 'intact' } });
    },
  );
  test('cookies of a browser are worth nothing in an app, whatever it sends', async () => {
    const page = new TestBrowser(one());
    await page.login();
    const value = page.jar.get(page.sessionCookies[0]!)!;
    const app = new TestApp(page.site);
    app.credential = value;
    expect((await app.refresh()).body).toMatchObject({ reason: 'no_session' });
    const withCookie = await app.post('/refresh', {}, { Cookie: page.cookieHeader, 'Idempotency-Key': attempt(5) });
    expect(withCookie.body).toMatchObject({ reason: 'no_cookie', session: 'none' });
    expect((await page.refresh({ reason: 'startup' })).status).toBe(200);
  });
  test('a credential of an app is worth nothing in a cookie, and may not be sent by a page', async () => {
    const app = new TestApp(one());
    await app.login();
    const page = new TestBrowser(app.browser.site);
    await page.login('eve');
    page.jar.set(page.sessionCookies[0]!, app.credential);
    expect((await page.refresh()).status).toBe(400);
    const sent = await page.call('POST', '/refresh', { refresh_token: app.credential }, { 'Idempotency-Key': attempt(6) });
    expect(sent.body).toMatchObject({ reason: 'malformed' });
    expect((await app.refresh({ reason: 'startup' })).status).toBe(200);
  });
});

describe('strictVersion', () => {
  test('tells once of a newer token, then hands it over', async () => {
    const app = new TestApp(site({ strictVersion: true, authenticate: async () => ({ sub: 'ada' }) }));
    await app.login();
    await app.browser.site.clock.advance(10_000);
    expect((await app.refresh({ have: 1 })).body).toMatchObject({ gen: 2 });
    const behind = await app.refresh({ have: 1 });
    expect(behind).toMatchObject({ status: 409, body: { reason: 'version_conflict', gen: 2, session: 'intact', retry_after: 1 } });
    expect(behind.headers.get('Retry-After')).toBe('1');
    expect((await app.refresh({ have: 1 })).body).toMatchObject({ gen: 2, outcome: 'coalesced' });
  });
  test('is off unless asked for', async () => {
    const app = new TestApp(one());
    await app.login();
    await app.browser.site.clock.advance(10_000);
    await app.refresh({ have: 1 });
    expect((await app.refresh({ have: 1 })).body).toMatchObject({ gen: 2 });
  });
});

test('Server-Timing says that a local answer waited for nothing', async () => {
  const browser = new TestBrowser(one());
  await browser.login();
  expect((await browser.refresh({ have: 1 })).headers.get('Server-Timing')).toBe('lock;dur=0, upstream;dur=0');
});
