import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.js';
import { site, TestBrowser, type TestSite } from '../testing/site.js';

const ISSUER = 'https://id.example';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let other: Awaited<ReturnType<typeof generateKeyPair>>;
beforeAll(async () => {
  [keys, other] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
});

async function mediated(): Promise<TestSite> {
  const clock = fakeClock();
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'RS256', use: 'sig' };
  return site({
    clock,
    authenticate: undefined,
    upstream: {
      issuer: ISSUER,
      clientId: 'tabaton',
      clientSecret: 'secret',
      metadata: { jwks_uri: `${ISSUER}/jwks`, authorization_endpoint: `${ISSUER}/auth`, token_endpoint: `${ISSUER}/token` },
      fetch: async () => Response.json({ keys: [jwk] }),
    },
  });
}

async function send(one: TestSite, change: JWTPayload = {}, signer = keys, header: Record<string, string> = {}) {
  const now = Math.floor(one.clock.now() / 1_000);
  const payload = { iss: ISSUER, aud: 'tabaton', iat: now, exp: now + 120, jti: 'one', events: { [EVENT]: {} }, sub: 'ada', ...change };
  for (const [name, value] of Object.entries(payload)) if (value === undefined) delete (payload as JWTPayload)[name];
  const token = await new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: 'k', typ: 'logout+jwt', ...header }).sign(signer.privateKey);
  return post(one, `logout_token=${token}`);
}
async function post(one: TestSite, body: string, type = 'application/x-www-form-urlencoded') {
  const request = new Request('https://app.example/auth/backchannel-logout', { method: 'POST', body, headers: { 'Content-Type': type } });
  return new TestBrowser(one).send(request);
}

describe('logout tokens', () => {
  test('a good one is 200, without a browser’s headers, and never cached', async () => {
    const reply = await send(await mediated());
    expect(reply.status).toBe(200);
    expect(reply.headers.get('Cache-Control')).toBe('no-store');
  });
  test.each<[string, JWTPayload]>([
    ['another issuer', { iss: 'https://evil.example' }],
    ['another audience', { aud: 'somebody' }],
    ['an old one', { iat: 1_600_000_000 }],
    ['an expired one', { exp: 1_600_000_001 }],
    ['no time', { iat: undefined }],
    ['no jti', { jti: undefined }],
    ['no event', { events: undefined }],
    ['another event', { events: { 'http://other': {} } }],
    ['an event that is no object', { events: { [EVENT]: true } }],
    ['a nonce', { nonce: 'n' }],
    ['nobody in it', { sub: undefined }],
  ])('%s is refused', async (_, change) => {
    expect(await send(await mediated(), change)).toMatchObject({ status: 400, body: { error: 'invalid_request', session: 'intact' } });
  });
  test('a foreign signature, and none, are refused', async () => {
    const one = await mediated();
    expect((await send(one, {}, other)).status).toBe(400);
    const payload = btoa(JSON.stringify({ iss: ISSUER, aud: 'tabaton', sub: 'ada' })).replaceAll('=', '');
    expect((await post(one, `logout_token=${btoa('{"alg":"none"}').replaceAll('=', '')}.${payload}.`)).status).toBe(400);
  });
  test('the same one twice is refused', async () => {
    const one = await mediated();
    expect((await send(one)).status).toBe(200);
    expect((await send(one)).status).toBe(400);
    expect((await send(one, { jti: 'two' })).status).toBe(200);
  });
  test.each([['', 'application/x-www-form-urlencoded'], ['logout_token=', 'application/x-www-form-urlencoded'], ['{}', 'application/json'], [`logout_token=${'x'.repeat(40_000)}`, 'application/x-www-form-urlencoded']])(
    'garbage is refused',
    async (body, type) => expect((await post(await mediated(), body, type)).status).toBe(400),
  );
  test('an endpoint without a provider knows no such thing', async () => {
    expect((await post(site(), 'logout_token=x')).status).toBe(400);
  });
});
