import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { describe, expect, test } from 'vitest';
import { createEndpoint } from '../endpoint.js';
import { createTokenManager } from '../manager/token-manager.js';
import { nodeListener } from '../node.js';
import { memoryStore } from '../stores/memory.js';
import { KEY } from '../testing/site.js';
import type { EndpointOptions } from './endpoint-options.js';
import type { EndpointEvent } from '../observe.js';
import { MisconfiguredError } from './misconfigured.js';

const good: EndpointOptions = {
  publicOrigin: 'https://app.example',
  store: memoryStore(),
  keys: KEY,
  authenticate: async () => null,
};

describe('what cannot work fails at once, with the option and what to do', () => {
  test.each<[string, Partial<EndpointOptions>, string, RegExp]>([
    ['no key', { keys: [] }, 'keys', /openssl rand -base64 32.*TABATON_KEY/],
    ['an empty key', { keys: ' , ' }, 'keys', /TABATON_KEY/],
    ['a short key', { keys: 'c2hvcnQ' }, 'keys', /has 5 bytes, at least 32/],
    ['31 bytes in hex', { keys: 'ab'.repeat(31) }, 'keys', /has 31 bytes/],
    ['a key of one letter', { keys: 'a'.repeat(64) }, 'keys', /can be guessed/],
    ['one key twice', { keys: [KEY, KEY] }, 'keys', /given twice/],
    ['a name that no option has', { orgins: ['https://a.example'] } as never, 'orgins', /no such option.*publicOrigin, mount, origins/],
    ['a limit that there is not', { limits: { refreshesPerMinut: 5 } as never }, 'limits.refreshesPerMinut', /no such option.*refreshesPerMinute/],
    ['a time that there is not', { timing: { raceMS: 30_000 } as never }, 'timing.raceMS', /no such option.*raceMs/],
    ['no place at all', { publicOrigin: undefined as never }, 'publicOrigin', /^publicOrigin: is missing/],
    ['a URL that is none', { publicOrigin: 'app.example' }, 'publicOrigin', /not a URL/],
    ['an origin with a path', { publicOrigin: 'https://app.example/auth' }, 'publicOrigin', /scheme, host and port only/],
    ['another scheme', { publicOrigin: 'ftp://app.example' }, 'publicOrigin', /http\(s\) origin/],
    ['plain http', { publicOrigin: 'http://app.example' }, 'publicOrigin', /Use https/],
    ['prefixed cookies on plain http', { publicOrigin: 'http://localhost:3000' }, 'dev', /__Host- cookies. Set dev: true/],
    ['dev elsewhere', { publicOrigin: 'https://app.example', dev: true }, 'dev', /for localhost only/],
    ['a mount without a slash', { mount: 'auth' }, 'mount', /one leading slash/],
    ['a mount with a slash at its end', { mount: '/auth/' }, 'mount', /none at the end/],
    ['any origin', { origins: ['*'] }, 'origins', /any page/],
    ['the null origin', { origins: ['null'] }, 'origins', /any page/],
    ['an origin with a path', { origins: ['https://a.example/x'] }, 'origins', /scheme, host and port/],
    ['an empty client secret', { authenticate: undefined, upstream: { issuer: 'https://id.example', clientId: 'app', clientSecret: '' } }, 'upstream.clientSecret', /environment variable/],
    ['an origin on plain http', { origins: ['http://www.app.example'] }, 'origins', /Use https/],
    ['a login page that is no URL', { loginPage: 'https://[' }, 'loginPage', /path like \/sign-in/],
    ['a login page that is no page', { loginPage: 'javascript:alert(1)' }, 'loginPage', /http\(s\) URL/],
    ['the login page in a circle', { loginPage: '/auth/login?from=app' }, 'loginPage', /leads there/],
    ['no store', { store: undefined }, 'store', /durable store/],
    ['nobody to ask', { authenticate: undefined }, 'authenticate', /Give authenticate/],
    ['C below D + Q', { timing: { raceMs: 19_999 } }, 'timing.raceMs', /C = 19999 ms is below D \+ Q = 20000/],
    ['M equal to D + Q', { timing: { minRotationMs: 20_000 } }, 'timing.minRotationMs', /M = 20000 ms is not above/],
    ['D raised alone', { timing: { deadlineMs: 30_000 } }, 'timing.raceMs', /Raise it/],
    ['a negative time', { timing: { transitMs: -1 } }, 'timing.transitMs', /not below 0/],
    ['a token of no life', { clients: { web: { access: 0 } } }, 'clients.web.access', /at least 1000/],
    ['idle below access', { clients: { web: { idle: 60_000 } } }, 'clients.web.idle', /outlive/],
    ['absolute below idle', { clients: { cli: { absolute: 86_400_000 } } }, 'clients.cli.absolute', /shorter than idle/],
    ['an unknown client', { clients: { tv: {} } as never }, 'clients.tv', /Use web, mobile/],
    ['a jitter over the half', { jitter: 0.9 }, 'jitter', /between 0 and 0.5/],
    ['no signing key at all', { issuer: { signingKeys: [] } }, 'issuer.signingKeys', /has no key in it.*leave it out/],
    ['signing keys that are no list', { issuer: { signingKeys: {} as never } }, 'issuer.signingKeys', /list of private JWKs/],
    ['a signing key that is none', { issuer: { signingKeys: [null as never] } }, 'issuer.signingKeys', /Add one, e\.g\. ES256/],
    ['a signing key of no algorithm', { issuer: { signingKeys: [{ kty: 'EC', d: 'x' }] } }, 'issuer.signingKeys', /no "alg"/],
    ['a symmetric signing key', { issuer: { signingKeys: [{ kty: 'oct', alg: 'HS256', k: 'x' }] } }, 'issuer.signingKeys', /cannot be published/],
    ['a public key to sign with', { issuer: { signingKeys: [{ kty: 'EC', alg: 'ES256' }] } }, 'issuer.signingKeys', /Give the private JWK/],
    ['a limit of nothing', { limits: { refreshesPerMinute: 0 } }, 'limits.refreshesPerMinute', /at least 1/],
  ])('%s', (_, change, option, sentence) => {
    let thrown: unknown;
    try {
      createEndpoint({ ...good, ...change });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(MisconfiguredError);
    expect(thrown).toMatchObject({ code: 'misconfigured', option });
    expect((thrown as Error).message).toMatch(sentence);
  });
  test('no sentence tells a key', () => {
    const secret = 'not-long-enough-but-secret';
    let said = '';
    try {
      createEndpoint({ ...good, keys: secret });
    } catch (error) {
      said = (error as Error).message;
    }
    expect(said).toContain('at least 32');
    expect(said).not.toContain(secret);
  });
  test.each<[string, (of: JWK, other: JWK) => JWK]>([
    ['with a piece missing', (of) => ({ ...of, x: undefined })],
    ['of another algorithm', (of) => ({ ...of, alg: 'ES384' })],
    ['of no known algorithm', (of) => ({ ...of, alg: 'none' })],
    ['that is for something else', (of) => ({ ...of, key_ops: ['verify'] })],
    ['with the public part of another', (of, { x, y }) => ({ ...of, x, y })],
  ])('a signing key %s: only its use shows it, at ready() and at the first request, and the key is not said', async (_, broken) => {
    const [own, other] = await Promise.all([0, 1].map(async () => exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey)));
    const key = { ...own!, alg: 'ES256' };
    const faults: string[] = [];
    const observe = (event: EndpointEvent) => void (event.type === 'fault' && faults.push(event.message));
    const endpointWith = (signing: JWK) => createEndpoint({ ...good, observe, issuer: { signingKeys: [signing] } });
    await endpointWith(key).ready();
    const endpoint = endpointWith(broken(key, other!));
    const error: unknown = await endpoint.ready().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'misconfigured', option: 'issuer.signingKeys', message: expect.stringContaining('Generate a new one') });
    expect((error as Error).cause).toBeUndefined();
    expect((await endpoint(new Request('https://app.example/auth/jwks'))).status).toBe(500);
    expect(faults).toEqual([expect.stringContaining('Generate a new one')]);
    expect(`${String(error)} ${faults[0]}`).not.toContain(key.d);
  });
  test('what can work does, and with dev: true a key and a store are made up', () => {
    createEndpoint(good);
    createEndpoint({ publicOrigin: 'http://localhost:3000', dev: true, authenticate: async () => null, origins: ['http://localhost:5173', 'http://app.localhost'] });
    for (const loginPage of ['/sign-in', 'sign-in', '?login', 'https://www.example/login']) createEndpoint({ ...good, loginPage });
    createEndpoint({ ...good, timing: { deadlineMs: 1_000, transitMs: 500, raceMs: 1_500, minRotationMs: 2_000 } });
  });
});

test('what stands beside the endpoint knows its options by name, too', () => {
  const misspelt = { code: 'misconfigured', message: expect.stringContaining('there is no such option') };
  const endpoint = createEndpoint(good);
  expect(() => nodeListener(endpoint, { adressOf: () => '' } as never)).toThrow(expect.objectContaining({ ...misspelt, option: 'adressOf' }));
  expect(() => createTokenManager({ store: memoryStore(), keys: KEY, trustMS: 100 } as never)).toThrow(expect.objectContaining({ ...misspelt, option: 'trustMS' }));
});
