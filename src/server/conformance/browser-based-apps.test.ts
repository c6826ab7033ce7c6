/** RFC 10017, OAuth 2.0 for Browser-Based Applications: the clauses on a token-mediating backend. */
import { afterEach, describe, expect, test } from 'vitest';
import { mediatedSite, type MediatedSite, signInThrough } from '../testing/mediated-site.js';
import { attempt, site, TestBrowser } from '../testing/site.js';

const DAY = 86_400_000;
let open: MediatedSite | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});
const mediated = async () => (open = await mediatedSite());

describe('token-mediating backend, flow', () => {
  test('MUST be a confidential client, MUST use the authorization code grant, with PKCE', async () => {
    const one = await mediated();
    await signInThrough(new TestBrowser(one));
    const [exchange] = one.to('/token');
    expect(exchange!.form.get('grant_type')).toBe('authorization_code');
    expect(exchange!.form.get('code_verifier')).toMatch(/^[\w-]{43,128}$/);
    expect(exchange!.headers.get('Authorization')).toMatch(/^Basic /);
    expect(exchange!.form.has('client_secret')).toBe(false);
  });
  test('the refresh token never reaches the browser, neither in a body nor in a cookie', async () => {
    const one = await mediated();
    const browser = new TestBrowser(one);
    const back = await signInThrough(browser);
    const reply = await browser.refresh({ reason: 'startup', scope: 'read' });
    const spent = one.to('/token').at(-1)!.form.get('refresh_token')!;
    expect(spent.length).toBeGreaterThan(20);
    const seen = JSON.stringify([back.body, back.setCookies, reply.body, reply.setCookies, [...browser.jar]]);
    expect(reply.body).toHaveProperty('access_token');
    expect(seen).not.toContain(spent);
    expect(seen).not.toContain('refresh_token"');
    expect(seen).not.toContain(one.provider.clientSecret);
  });
  test('SHOULD NOT return a cached access token with more scopes than asked for', async () => {
    const one = await mediated();
    const browser = new TestBrowser(one);
    await signInThrough(browser);
    const whole = await browser.refresh({ reason: 'startup' });
    const narrow = await browser.refresh({ reason: 'startup', scope: 'read' });
    expect(narrow.body['scope']).toBe('read');
    expect(narrow.body['access_token']).not.toBe(whole.body['access_token']);
    expect(one.to('/token').at(-1)!.form.get('scope')).toBe('read');
    // And the other way round: the narrow one is not handed to those who want it all.
    expect((await browser.refresh({ reason: 'startup' })).body['access_token']).toBe(whole.body['access_token']);
  });
});

describe('cookie security', () => {
  const login = async () => {
    const browser = new TestBrowser(site());
    const { setCookies } = await browser.login();
    return setCookies.find((line) => line.includes('HttpOnly'))!;
  };
  test('MUST set Secure', async () => expect(await login()).toMatch(/; Secure(;|$)/));
  test('MUST set HttpOnly', async () => expect(await login()).toMatch(/; HttpOnly(;|$)/));
  test('SHOULD set SameSite=Strict', async () => expect(await login()).toMatch(/; SameSite=Strict(;|$)/));
  test('SHOULD set Path=/', async () => expect(await login()).toMatch(/; Path=\/(;|$)/));
  test('SHOULD NOT set Domain', async () => expect(await login()).not.toMatch(/Domain/i));
  test('SHOULD start with a prefix such as __Host-Http-', async () => expect(await login()).toMatch(/^__Host-Http-/));
  test('SHOULD encrypt what a cookie carries: the session cookie carries no token, the login one is sealed', async () => {
    const one = await mediated();
    const browser = new TestBrowser(one);
    const away = await browser.call('GET', '/login');
    const nonce = new URL(away.headers.get('Location')!).searchParams.get('nonce')!;
    const [transaction] = [...browser.jar.values()];
    expect(Buffer.from(transaction!, 'base64url').toString('latin1')).not.toContain(nonce);
    const local = new TestBrowser(site());
    const { body } = await local.login();
    const [cookie] = local.sessionCookies;
    expect(Buffer.from(local.jar.get(cookie!)!, 'base64url').toString('latin1')).not.toContain('ada');
    expect(local.jar.get(cookie!)).not.toContain(body.access_token);
    expect(local.jar.get(cookie!)!.length).toBeLessThanOrEqual(64);
  });
  test('RFC 6265bis §4.1: an answer MUST NOT set one cookie name twice', async () => {
    const one = site();
    const browser = new TestBrowser(one);
    const replies = [await browser.login(), await browser.login('bob')];
    await one.clock.advance(35_000);
    replies.push((await browser.refresh({ have: 1 })) as never, (await browser.call('POST', '/logout', {})) as never);
    for (const { setCookies } of replies) {
      const names = setCookies.map((line) => line.split('=')[0]);
      expect(names.length).toBeGreaterThan(0);
      expect(new Set(names).size).toBe(names.length);
    }
  });
});

describe('cross-site request forgery', () => {
  test.each(['/refresh', '/login', '/logout'])('MUST defend the endpoints where tokens are obtained: %s', async (path) => {
    const browser = new TestBrowser(site());
    await browser.login();
    const foreign = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example', 'Idempotency-Key': attempt(1) };
    const reply = await browser.send(browser.request('POST', path, { user: 'eve', password: 'right' }, foreign));
    expect(reply).toMatchObject({ status: 403, setCookies: [], body: { error: 'access_denied', session: 'intact' } });
    expect(reply.body).not.toHaveProperty('access_token');
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: true, sub: 'ada' });
  });
  test.each(['/refresh', '/login', '/logout'])('MUST verify the custom header on every request, a POST without a body included: %s', async (path) => {
    const browser = new TestBrowser(site());
    await browser.login();
    const bare = new Request(`https://app.example/auth${path}`, {
      method: 'POST',
      headers: { Cookie: browser.cookieHeader, 'Sec-Fetch-Site': 'same-origin', 'Idempotency-Key': attempt(1) },
    });
    expect(await browser.send(bare)).toMatchObject({ status: 403, body: { reason: 'csrf_header' } });
  });
  test('MUST answer CORS for trusted origins only', async () => {
    const one = site({ origins: ['https://front.example'] });
    const from = async (origin: string) => (await one.endpoint(new Request('https://app.example/auth/refresh', { method: 'OPTIONS', headers: { Origin: origin } }))).headers;
    expect((await from('https://front.example')).get('Access-Control-Allow-Origin')).toBe('https://front.example');
    for (const origin of ['https://evil.example', 'null', 'https://front.example.evil.example']) {
      expect((await from(origin)).has('Access-Control-Allow-Origin')).toBe(false);
    }
  });
});

describe('lifetime of the session', () => {
  test('a rotated credential MUST NOT outlive the first one’s fixed expiry', async () => {
    const one = site();
    const browser = new TestBrowser(one);
    const { setCookies } = await browser.login();
    const ends = Number(/Max-Age=(\d+)/.exec(setCookies[0]!)![1]);
    for (let week = 1; week <= 12; week += 1) {
      await one.clock.advance(7 * DAY);
      const reply = await browser.refresh({ have: 0 });
      expect(reply.body).toMatchObject({ outcome: 'rotated' });
      expect(Number(/Max-Age=(\d+)/.exec(reply.setCookies[0]!)![1])).toBe(ends - week * 7 * 86_400);
    }
    await one.clock.advance(6 * DAY);
    expect(await browser.refresh({ have: 0 })).toMatchObject({ status: 400, body: { session: 'ended' } });
  });
  test('the session ends when the refresh token is known to be dead', async () => {
    const one = await mediated();
    const browser = new TestBrowser(one);
    await signInThrough(browser);
    one.provider.intercept((request, response, pass) =>
      request.url === '/token' ? void response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}') : pass());
    expect(await browser.refresh({ reason: 'startup', scope: 'read' })).toMatchObject({ body: { session: 'ended', reason: 'upstream_invalid_grant' } });
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: false });
  });
  test('no credential is accepted that was bound to nothing: a cookie of one origin is worth nothing at another', async () => {
    const one = site({ origins: ['https://front.example'] });
    const app = new TestBrowser(one);
    await app.login();
    const front = new TestBrowser(one, { 'Sec-Fetch-Site': 'same-site', Origin: 'https://front.example' });
    for (const [name, value] of app.jar) front.jar.set(name, value);
    expect(await front.refresh()).toMatchObject({ status: 400, body: { session: 'none' } });
  });
});
