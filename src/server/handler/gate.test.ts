import { describe, expect, test } from 'vitest';
import { attempt, site, TestBrowser } from '../testing/site.js';

const APP = 'https://app.example';
const LISTED = 'https://front.example';
const EXTENSION = 'chrome-extension://abcdefghijklmnop';

/** Sends a refresh without any cookie: 400 no_cookie means it got past the gate. */
async function refreshFrom(headers: Record<string, string>, guarded = true) {
  const browser = new TestBrowser(site({ origins: [LISTED, EXTENSION] }), {});
  const guard: Record<string, string> = guarded ? {} : { 'X-Tabaton': 'no' };
  return browser.send(browser.request('POST', '/refresh', undefined, { 'Idempotency-Key': attempt(1), ...guard, ...headers }));
}

describe('who may post', () => {
  test.each([
    ['same-origin', { 'Sec-Fetch-Site': 'same-origin' }],
    ['same-origin with its Origin', { 'Sec-Fetch-Site': 'same-origin', Origin: APP }],
    ['same-site from a listed origin', { 'Sec-Fetch-Site': 'same-site', Origin: LISTED }],
    ['an old browser with a listed Origin', { Origin: LISTED }],
    ['an old browser on our own origin', { Origin: APP }],
    ['an extension that is listed', { 'Sec-Fetch-Site': 'none', Origin: EXTENSION }],
  ])('%s gets in', async (_, headers) => {
    expect((await refreshFrom(headers as Record<string, string>)).body['reason']).toBe('no_cookie');
  });
  test.each([
    ['nothing at all', {}],
    ['same-site without Origin', { 'Sec-Fetch-Site': 'same-site' }],
    ['same-site from elsewhere', { 'Sec-Fetch-Site': 'same-site', Origin: 'https://other.example' }],
    ['cross-site, even from a listed origin', { 'Sec-Fetch-Site': 'cross-site', Origin: LISTED }],
    ['none with a listed web origin', { 'Sec-Fetch-Site': 'none', Origin: LISTED }],
    ['none without Origin', { 'Sec-Fetch-Site': 'none' }],
    ['an unlisted extension', { 'Sec-Fetch-Site': 'none', Origin: 'chrome-extension://other' }],
    ['a value that does not exist', { 'Sec-Fetch-Site': 'whatever', Origin: APP }],
    ['a listed origin with a suffix', { Origin: `${LISTED}.evil.example` }],
    ['null', { Origin: 'null' }],
  ])('%s is refused', async (_, headers) => {
    const reply = await refreshFrom(headers as Record<string, string>);
    expect(reply).toMatchObject({ status: 403, body: { error: 'access_denied', reason: 'csrf_origin', session: 'intact' } });
  });
  test.each(['/refresh', '/login', '/logout'])('%s without the static header is refused, whatever else it says', async (path) => {
    const browser = new TestBrowser(site());
    const request = browser.request('POST', path, {}, { 'X-Tabaton': 'yes', Origin: APP });
    expect(await browser.send(request)).toMatchObject({ status: 403, body: { reason: 'csrf_header' } });
  });
  test('the gate comes before the cookie: a cross-site request changes nothing', async () => {
    const browser = new TestBrowser(site());
    await browser.login();
    await browser.site.clock.advance(35_000);
    const request = browser.request('POST', '/refresh', undefined, { 'Idempotency-Key': attempt(1), 'Sec-Fetch-Site': 'cross-site' });
    expect((await browser.send(request)).status).toBe(403);
    const logout = browser.request('POST', '/logout', {}, { 'Sec-Fetch-Site': 'cross-site' });
    expect((await browser.send(logout)).status).toBe(403);
    expect(await browser.refresh({ have: 1 })).toMatchObject({ body: { outcome: 'rotated' } });
  });
});

describe('who may read', () => {
  test('another site may not ask who is signed in', async () => {
    const browser = new TestBrowser(site(), { 'Sec-Fetch-Site': 'cross-site' });
    expect((await browser.call('GET', '/session')).status).toBe(403);
  });
});

describe('CORS', () => {
  test('a listed origin gets exact headers with credentials, on errors too', async () => {
    const { headers, status } = await refreshFrom({ 'Sec-Fetch-Site': 'same-site', Origin: LISTED });
    expect(status).toBe(400);
    expect(headers.get('Access-Control-Allow-Origin')).toBe(LISTED);
    expect(headers.get('Access-Control-Allow-Credentials')).toBe('true');
    expect(headers.get('Access-Control-Expose-Headers')).toContain('Retry-After');
    expect(headers.get('Vary')).toBe('Cookie, Origin, Sec-Fetch-Site');
  });
  test('an unlisted origin and our own get none', async () => {
    for (const Origin of ['https://evil.example', APP]) {
      expect((await refreshFrom({ Origin })).headers.has('Access-Control-Allow-Origin')).toBe(false);
    }
  });
  test('a preflight is answered for listed origins only, and may be remembered', async () => {
    const browser = new TestBrowser(site({ origins: [LISTED] }), {});
    const allowed = await browser.site.endpoint(browser.request('OPTIONS', '/refresh', undefined, { Origin: LISTED }));
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('Access-Control-Allow-Headers')).toContain('X-Tabaton');
    expect(allowed.headers.get('Access-Control-Max-Age')).toBe('86400');
    const refused = await browser.site.endpoint(browser.request('OPTIONS', '/refresh', undefined, { Origin: 'https://evil.example' }));
    expect(refused.status).toBe(403);
    expect(refused.headers.has('Access-Control-Allow-Origin')).toBe(false);
  });
  test('a listed origin where nobody is signed in leaves the hint alone: it is about our own pages, which alone can read it', async () => {
    const one = site({ origins: [LISTED] });
    const app = new TestBrowser(one);
    await app.login();
    const front = new TestBrowser(one, { 'Sec-Fetch-Site': 'same-site', Origin: LISTED });
    for (const [name, value] of app.jar) front.jar.set(name, value);
    expect(await front.refresh()).toMatchObject({ setCookies: [], body: { session: 'none' } });
    expect((await front.login()).setCookies).toEqual([expect.stringMatching(/^__Host-Http-tabaton\./)]);
  });
  test('each calling origin has cookies, and so a session, of its own', async () => {
    const one = site({ origins: [LISTED] });
    const app = new TestBrowser(one);
    const front = new TestBrowser(one, { 'Sec-Fetch-Site': 'same-site', Origin: LISTED });
    await app.login();
    for (const [name, value] of app.jar) front.jar.set(name, value);
    expect(await front.refresh()).toMatchObject({ body: { session: 'none' } });
    await front.login();
    expect(front.sessionCookies).toHaveLength(2);
    expect((await app.call('GET', '/session')).body).toMatchObject({ active: true });
  });
});
