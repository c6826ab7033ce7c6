/** RFC 9700, security best current practice: refresh tokens (§4.14.2) and the redirects around them. */
import { afterEach, describe, expect, test } from 'vitest';
import { signInAt } from '../testing/openid-provider.js';
import { mediatedSite, type MediatedSite, signInThrough, until } from '../testing/mediated-site.js';
import { site, TestBrowser } from '../testing/site.js';

const M = 35_000;
const DAY = 86_400_000;
let open: MediatedSite | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function signedIn(options = {}) {
  const one = site(options);
  const browser = new TestBrowser(one);
  const { body } = await browser.login();
  await one.clock.advance(M);
  return { one, browser, body };
}

describe('§4.14.2, refresh token protection', () => {
  test('rotation: a new credential with every use that is not a repetition', async () => {
    const { browser } = await signedIn();
    const [name] = browser.sessionCookies;
    const before = browser.jar.get(name!);
    expect(await browser.refresh({ have: 1 })).toMatchObject({ body: { outcome: 'rotated' } });
    expect(browser.jar.get(name!)).not.toBe(before);
  });
  test('on reuse the active credential is revoked, too', async () => {
    const { one, browser } = await signedIn();
    const thief = new TestBrowser(one);
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    await browser.refresh({ have: 1 });
    await one.clock.advance(M);
    expect(await thief.refresh({ have: 1, ids: ['thief-'.padEnd(22, 'x')] })).toMatchObject({ status: 400, body: { reason: 'reuse_detected', session: 'ended' } });
    expect(await browser.refresh({ have: 2 })).toMatchObject({ status: 400, body: { reason: 'reuse_detected', session: 'ended' } });
  });
  test('what is revoked is the family, not the user: other devices stay signed in', async () => {
    const { one, browser } = await signedIn();
    const other = new TestBrowser(one);
    await other.login();
    const thief = new TestBrowser(one);
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    await browser.refresh({ have: 1 });
    await one.clock.advance(M);
    await thief.refresh({ have: 1, ids: ['thief-'.padEnd(22, 'x')] });
    expect((await other.call('GET', '/session')).body).toMatchObject({ active: true });
  });
  test('on reuse the grant at the provider is revoked as well', async () => {
    const one = (open = await mediatedSite());
    const browser = new TestBrowser(one);
    await signInThrough(browser);
    const thief = new TestBrowser(one);
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    one.skip(M);
    expect(await browser.refresh({ have: 1 })).toMatchObject({ body: { outcome: 'rotated' } });
    one.skip(M);
    expect(await thief.refresh({ have: 1, ids: ['thief-'.padEnd(22, 'x')] })).toMatchObject({ body: { reason: 'reuse_detected' } });
    await until(() => one.provider.events.includes('grant.revoked'));
    expect(one.to('/token/revocation')).toHaveLength(1);
  });
  test('MUST be bound to the scope and the resources that were consented to', async () => {
    const { browser } = await signedIn({
      issuer: { resources: ['https://api.example'] },
      authenticate: async () => ({ sub: 'ada', scopes: ['read'] }),
    });
    expect((await browser.refresh({ reason: 'startup', scope: 'write' })).status).toBe(400);
    expect((await browser.refresh({ reason: 'startup', resource: 'https://other.example' })).status).toBe(400);
    expect((await browser.refresh({ reason: 'startup', scope: 'read', resource: 'https://api.example' })).status).toBe(200);
  });
  test('a credential that says what it is for MUST be protected against change: every bit is', async () => {
    const { one, browser } = await signedIn();
    const [name] = browser.sessionCookies;
    const bytes = Buffer.from(browser.jar.get(name!)!, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const forged = Buffer.from(bytes);
      forged[bit >> 3]! ^= 1 << (bit & 7);
      const thief = new TestBrowser(one);
      thief.jar.set(name!, forged.toString('base64url'));
      const reply = await thief.refresh({ have: 0 });
      expect(reply.status).toBe(400);
      expect(reply.body).not.toHaveProperty('access_token');
    }
    expect(await browser.refresh({ have: 1 })).toMatchObject({ body: { outcome: 'rotated' } });
  });
  test('SHOULD expire after inactivity, and use keeps it alive', async () => {
    const { one, browser } = await signedIn();
    await one.clock.advance(13 * DAY);
    expect((await browser.refresh({ have: 1 })).status).toBe(200);
    await one.clock.advance(13 * DAY);
    expect((await browser.refresh({ have: 2 })).status).toBe(200);
    await one.clock.advance(15 * DAY);
    expect(await browser.refresh({ have: 3 })).toMatchObject({ status: 400, body: { reason: 'idle', session: 'ended' } });
  });
  test('MAY be revoked on logout: it is, and nothing in flight brings it back', async () => {
    const { browser } = await signedIn();
    const inFlight = browser.refreshRequest({ have: 1 });
    await browser.call('POST', '/logout', {});
    const late = await browser.send(inFlight);
    expect(late).toMatchObject({ status: 400, body: { reason: 'signed_out', session: 'ended' } });
    expect(late.setCookies.every((line) => /Max-Age=0/.test(line))).toBe(true);
  });
});

describe('redirects', () => {
  test('§2.1.1: PKCE with S256', async () => {
    const one = (open = await mediatedSite());
    const url = new URL((await new TestBrowser(one).call('GET', '/login')).headers.get('Location')!);
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    expect(url.searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);
    expect(url.searchParams.get('response_type')).toBe('code');
  });
  test.each(['https://evil.example/', '//evil.example', '/\\evil.example', '\\\\evil.example', 'javascript:alert(1)', '/ok\n//evil.example'])(
    '§4.11.1: the client MUST NOT be an open redirector: %j',
    async (target) => {
      const one = (open = await mediatedSite());
      const browser = new TestBrowser(one);
      const away = await browser.call('GET', `/login?return_to=${encodeURIComponent(target)}`);
      const back = new URL(await signInAt(away.headers.get('Location')!, 'ada'));
      const reply = await browser.call('GET', back.pathname.replace('/auth', '') + back.search);
      expect(new URL(reply.headers.get('Location')!).origin).toBe(one.served.origin);
    },
  );
  test('§4.4: an answer of another issuer is refused before a code is sent anywhere', async () => {
    const one = (open = await mediatedSite());
    const browser = new TestBrowser(one);
    const away = await browser.call('GET', '/login');
    const state = new URL(away.headers.get('Location')!).searchParams.get('state')!;
    const reply = await browser.call('GET', `/callback?code=stolen&state=${state}&iss=${encodeURIComponent('https://evil.example')}`);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(browser.sessionCookies).toHaveLength(0);
    expect(one.to('/token')).toHaveLength(0);
  });
  test('§4.12: redirects that follow a sign-in use 303, so that no form is sent along', async () => {
    const one = (open = await mediatedSite());
    const browser = new TestBrowser(one);
    expect((await browser.call('GET', '/login')).status).toBe(303);
    expect((await signInThrough(browser)).status).toBe(303);
  });
});
