/** OpenID Connect Back-Channel Logout 1.0: the endpoint as the relying party. */
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newFamily } from '../families/family.js';
import { userIndex } from '../handler/found-family.js';
import { StoreUnavailableError } from '../store.js';
import { mediatedSite, type MediatedSite, signInThrough } from '../testing/mediated-site.js';
import { fakeClock } from '../testing/fake-clock.js';
import { site, TestBrowser, type TestSite } from '../testing/site.js';

const ISSUER = 'https://id.example';
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let strange: Awaited<ReturnType<typeof generateKeyPair>>;
let open: MediatedSite | undefined;
beforeAll(async () => {
  [keys, strange] = await Promise.all([generateKeyPair('ES256'), generateKeyPair('ES256')]);
});
afterEach(async () => {
  await open?.close();
  open = undefined;
});

async function relyingParty(): Promise<TestSite> {
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  const metadata = { jwks_uri: `${ISSUER}/jwks`, authorization_endpoint: `${ISSUER}/auth`, token_endpoint: `${ISSUER}/token` };
  return site({
    clock: fakeClock(),
    authenticate: undefined,
    upstream: { issuer: ISSUER, clientId: 'tabaton', clientSecret: 's', metadata, fetch: async () => Response.json({ keys: [jwk] }) },
  });
}
async function post(one: TestSite, change: JWTPayload = {}, signer = keys, headers: Record<string, string> = {}) {
  const now = Math.floor(one.clock.now() / 1_000);
  const payload: JWTPayload = { iss: ISSUER, aud: 'tabaton', iat: now, exp: now + 120, jti: 'one', events: { [EVENT]: {} }, sub: 'ada', ...change };
  for (const name of Object.keys(payload)) if (payload[name] === undefined) delete payload[name];
  const token = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: 'k', typ: 'logout+jwt' }).sign(signer.privateKey);
  const request = new Request('https://app.example/auth/backchannel-logout', {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
    headers,
  });
  return new TestBrowser(one).send(request);
}
/** Signs her in, and says what has become of that. */
async function ada({ store, clock }: TestSite): Promise<() => Promise<string | undefined>> {
  const identity = { id: 'family-of-ada', sid: 's', client: 'web', credential: 'cookie', origin: 'https://app.example', sub: 'ada', claims: {}, scopes: [], label: null, parent: null, salt: '' } as const;
  const now = clock.now();
  await store.create(newFamily({ ...identity, indexes: [await userIndex(ISSUER, 'ada')], createdAt: now, absoluteExpiry: now + 1_000_000, idleMs: 1_000_000 }));
  return async () => (await store.read(identity.id))?.state;
}
const refused = { status: 400, body: { error: 'invalid_request', session: 'intact' } };

describe('§2.5, the request', () => {
  test('is a form POST that needs no cookie and no header of a browser', async () => {
    expect((await post(await relyingParty())).status).toBe(200);
  });
  test('is authenticated by its token alone: what a browser would add is not looked at', async () => {
    expect((await post(await relyingParty(), {}, keys, { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://id.example', Cookie: 'x=y' })).status).toBe(200);
  });
});

describe('§2.6, validation', () => {
  test('the signature MUST verify', async () => expect(await post(await relyingParty(), {}, strange)).toMatchObject(refused));
  test('iss MUST be the provider', async () => expect(await post(await relyingParty(), { iss: 'https://evil.example' })).toMatchObject(refused));
  test('aud MUST contain this client', async () => expect(await post(await relyingParty(), { aud: 'other' })).toMatchObject(refused));
  test('iat MUST be there and recent', async () => {
    const one = await relyingParty();
    expect(await post(one, { iat: undefined })).toMatchObject(refused);
    expect(await post(one, { iat: Math.floor(one.clock.now() / 1_000) - 3_600 })).toMatchObject(refused);
  });
  test('exp MUST be in the future', async () => {
    const one = await relyingParty();
    expect(await post(one, { exp: Math.floor(one.clock.now() / 1_000) - 60 })).toMatchObject(refused);
  });
  test('events MUST hold the back-channel logout member, an object', async () => {
    const one = await relyingParty();
    for (const events of [undefined, {}, { 'http://other': {} }, { [EVENT]: true }]) expect(await post(one, { events })).toMatchObject(refused);
  });
  test('sub or sid MUST be there', async () => expect(await post(await relyingParty(), { sub: undefined })).toMatchObject(refused));
  test('a nonce MUST NOT be there', async () => expect(await post(await relyingParty(), { nonce: 'n' })).toMatchObject(refused));
  test('a jti that was seen is refused', async () => {
    const one = await relyingParty();
    expect((await post(one)).status).toBe(200);
    expect(await post(one)).toMatchObject(refused);
  });
  test.each(['find', 'read', 'end', 'put'] as const)('a jti whose logout failed in the store (%s) may come again, and is used then', async (step) => {
    const one = await relyingParty();
    const state = await ada(one);
    const works = one.store[step];
    one.store[step] = async () => Promise.reject(new StoreUnavailableError('Connection refused.'));
    expect(await post(one)).toMatchObject({ status: 503, body: { reason: 'store_unavailable', session: 'intact' } });
    Object.assign(one.store, { [step]: works });
    expect((await post(one)).status).toBe(200);
    expect(await state()).toBe('ended');
    expect(await post(one)).toMatchObject(refused);
  });
  test('a replay ends no session that began after the logout', async () => {
    const one = await relyingParty();
    await post(one);
    const state = await ada(one);
    expect(await post(one)).toMatchObject(refused);
    expect(await state()).toBe('active');
  });
});

describe('§2.7, actions', () => {
  test('a sid ends that session and no other; a sub alone ends all of the user’s', async () => {
    const one = (open = await mediatedSite());
    const [phone, laptop, bob] = [new TestBrowser(one), new TestBrowser(one), new TestBrowser(one)];
    await signInThrough(phone, 'ada');
    const first = one.provider.sidOf('ada');
    await signInThrough(laptop, 'ada');
    await signInThrough(bob, 'bob');
    const active = async () => Promise.all([phone, laptop, bob].map(async (browser) => (await browser.call('GET', '/session')).body['active']));
    await one.provider.backchannelLogout('ada', first);
    expect(await active()).toEqual([false, true, true]);
    await signInThrough(phone, 'ada');
    expect(await active()).toEqual([true, true, true]);
    await one.provider.backchannelLogout('ada');
    expect(await active()).toEqual([false, false, true]);
  });
  test('refresh tokens with offline_access SHOULD NOT be revoked at the provider', async () => {
    const one = (open = await mediatedSite());
    const browser = new TestBrowser(one);
    await signInThrough(browser);
    await one.provider.backchannelLogout('ada', one.provider.sidOf('ada'));
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: false, reason: 'signed_out' });
    expect(one.to('/token/revocation')).toHaveLength(0);
    expect(one.provider.events).not.toContain('grant.revoked');
  });
});

describe('§2.8, the answer', () => {
  test('200 for success, 400 for a bad token, Cache-Control: no-store on both', async () => {
    const one = await relyingParty();
    for (const reply of [await post(one), await post(one)]) expect(reply.headers.get('Cache-Control')).toBe('no-store');
  });
});
