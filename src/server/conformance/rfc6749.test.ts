/** RFC 6749: what it asks of a client that refreshes (§6), and of whoever answers with a token (§5). */
import { afterEach, describe, expect, test } from 'vitest';
import { mediatedSite, type MediatedSite, signInThrough } from '../testing/mediated-site.js';
import { site, TestBrowser } from '../testing/site.js';

let open: MediatedSite | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});
async function signedIn(settings: Parameters<typeof mediatedSite>[0] = {}) {
  const one = (open = await mediatedSite(settings));
  const browser = new TestBrowser(one);
  await signInThrough(browser);
  return { one, browser };
}
const refreshTokens = (one: MediatedSite) => one.to('/token').map(({ form }) => form.get('refresh_token')).filter((token) => token !== null);

describe('§6, refreshing an access token', () => {
  test('a confidential client MUST authenticate', async () => {
    const { one, browser } = await signedIn();
    await browser.refresh({ reason: 'startup', scope: 'read' });
    const call = one.to('/token').at(-1)!;
    expect(call.form.get('grant_type')).toBe('refresh_token');
    expect(call.headers.get('Authorization')).toMatch(/^Basic /);
  });
  test('the scope MUST NOT include what was not originally granted', async () => {
    const { one, browser } = await signedIn();
    const before = one.to('/token').length;
    expect(await browser.refresh({ reason: 'startup', scope: 'read admin' })).toMatchObject({ status: 400, body: { error: 'invalid_request', session: 'intact' } });
    expect(one.to('/token')).toHaveLength(before);
  });
  test('an omitted scope is the scope originally granted', async () => {
    const { one, browser } = await signedIn();
    one.skip(60_000);
    const reply = await browser.refresh({ reason: 'force', have: 1 });
    expect(reply.body['scope']).toBe('openid offline_access read write');
    expect(one.to('/token').at(-1)!.form.has('scope')).toBe(false);
  });
  test('the client MUST discard the old refresh token and replace it with the new one', async () => {
    const { one, browser } = await signedIn({ rotate: true });
    for (const scope of ['read', 'write', 'read write']) expect((await browser.refresh({ reason: 'startup', scope })).status).toBe(200);
    const sent = refreshTokens(one);
    expect(sent).toHaveLength(3);
    expect(new Set(sent).size).toBe(3);
    expect(one.provider.events).not.toContain('grant.revoked');
  });
  test('without a new refresh token the old one stays in use', async () => {
    const { one, browser } = await signedIn({ rotate: false });
    for (const scope of ['read', 'write']) expect((await browser.refresh({ reason: 'startup', scope })).status).toBe(200);
    expect(new Set(refreshTokens(one)).size).toBe(1);
  });
});

describe('§5, answers', () => {
  test('§5.1: token answers MUST carry Cache-Control: no-store and Pragma: no-cache', async () => {
    const browser = new TestBrowser(site());
    for (const { headers, body } of [await browser.login(), await browser.refresh({ reason: 'startup' })]) {
      expect(body).toHaveProperty('access_token');
      expect(headers.get('Cache-Control')).toBe('no-store');
      expect(headers.get('Pragma')).toBe('no-cache');
      expect(headers.get('Content-Type')).toBe('application/json');
    }
  });
  test('§5.1: access_token and token_type are REQUIRED, expires_in RECOMMENDED', async () => {
    const { body } = await new TestBrowser(site()).login();
    expect(body).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer', expires_in: 900 });
  });
  test('§5.2: errors are 400 with an error of the registry, never cached', async () => {
    const browser = new TestBrowser(site());
    for (const reply of [await browser.refresh(), await browser.call('POST', '/refresh', '[', { 'Idempotency-Key': browser.nextAttempt() })]) {
      expect(reply.status).toBe(400);
      expect(['invalid_request', 'invalid_grant']).toContain(reply.body['error']);
      expect(reply.headers.get('Cache-Control')).toBe('no-store');
    }
  });
  test('§5.2: an error_description keeps to the characters it may have', async () => {
    const browser = new TestBrowser(site());
    await browser.login();
    for (const body of [{ scope: 'quo"te' }, { scope: 'back\\slash' }, { resource: 'ü' }]) {
      const reply = await browser.refresh(body);
      expect(reply.status).toBe(400);
      // A scope that could break out is never repeated.
      expect(reply.body['error_description']).not.toMatch(/quo"te|back\\slash|ü/);
    }
  });
  test('§10.12: the callback is bound to the browser that set out', async () => {
    const one = (open = await mediatedSite());
    const browser = new TestBrowser(one);
    const away = await browser.call('GET', '/login');
    const state = new URL(away.headers.get('Location')!).searchParams.get('state')!;
    const stranger = await new TestBrowser(one).call('GET', `/callback?code=x&state=${state}`);
    expect(stranger).toMatchObject({ status: 400, setCookies: [] });
    expect(one.to('/token')).toHaveLength(0);
  });
});
