import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { apiFor, effectOf, isEndpoint, looksLikeEndpoint, planOf, type Plan } from './plan.js';

const origin = 'https://app.example';
beforeEach(() => vi.stubGlobal('location', new URL(`${origin}/tabaton-sw.js`)));
afterEach(() => vi.unstubAllGlobals());

const plan = (config: object = {}): Plan => planOf({ endpoint: '/auth', apis: [{ origin, path: '/v1' }], mode: 'attach', ...config })!;
/** Node's Request knows no `navigate` and no destination: what a browser sets is set here. */
const request = (path: string, init: { mode?: string; destination?: string; method?: string; authorization?: string } = {}): Request => {
  const { mode = 'cors', destination = '', method = 'GET', authorization } = init;
  const made = new Request(new URL(path, origin), { method, headers: authorization ? { authorization } : {} });
  return Object.defineProperties(made, { mode: { value: mode }, destination: { value: destination } });
};
const signed = (of: Plan, ...args: Parameters<typeof request>): boolean => !!apiFor(of, request(...args));

describe('which requests are signed', () => {
  it.each([
    ['/v1', true],
    ['/v1/me?x=/v2', true],
    ['/v10/me', false],
    ['/v2', false],
    ['https://other.example/v1', false],
    ['https://app.example.evil/v1', false],
  ])('%s: %s', (path, yes) => expect(signed(plan(), path)).toBe(yes));

  it('never one that has an Authorization of its own, nor one that drops the header', () => {
    expect(signed(plan(), '/v1', { authorization: 'Basic x' })).toBe(false);
    expect(signed(plan(), '/v1', { mode: 'no-cors', destination: 'image' })).toBe(false);
  });

  it('none once it was told to be quiet', () => expect(signed(plan({ quiet: true }), '/v1')).toBe(false));

  it('images and the like only for an API with a path', () => {
    expect(signed(plan(), '/v1/a.png', { destination: 'image' })).toBe(true);
    expect(signed(plan({ apis: [{ origin }] }), '/a.png', { destination: 'image' })).toBe(false);
    expect(signed(plan({ apis: [{ origin }] }), '/data')).toBe(true);
  });

  it('navigations only where configured, GET only, this origin only', () => {
    const with_ = plan({ apis: [{ origin, path: '/v1', navigations: true }, { origin: 'https://other.example', navigations: true }] });
    const navigate = { mode: 'navigate', destination: 'document' };
    expect(signed(plan(), '/v1', navigate)).toBe(false);
    expect(signed(with_, '/v1', navigate)).toBe(true);
    expect(signed(with_, '/v1', { ...navigate, method: 'POST' })).toBe(false);
    expect(signed(with_, 'https://other.example/', navigate)).toBe(false);
  });

  it('nothing below the endpoint’s mount; of an endpoint given by its routes, those routes only', () => {
    const mount = plan({ apis: [{ origin }] });
    for (const path of ['/auth', '/auth/refresh', '/auth/refresh?x', '/auth/anything']) expect([path, isEndpoint(mount, origin + path), signed(mount, path)]).toEqual([path, true, false]);
    expect(signed(mount, '/authors')).toBe(true);
    const routes = plan({ endpoint: { refresh: '/api/refresh', logout: '/api/logout', login: '/api/login?by=form', session: '/api/session' }, apis: [{ origin, path: '/api' }] });
    for (const path of ['/api/refresh', '/api/logout', '/api/login', '/api/login?x', '/api/session']) expect([path, signed(routes, path, { method: 'POST' })]).toEqual([path, false]);
    expect(signed(routes, '/api/me')).toBe(true);
  });
});

it.each([
  ['a refresh', 'POST', '/auth/refresh', 'none'],
  ['what a page asks from time to time', 'GET', '/auth/session', 'none'],
  ['the stream of events', 'GET', '/auth/events', 'none'],
  ['a sign-out', 'POST', '/auth/logout', 'leaving'],
  ['a login', 'POST', '/auth/login', 'user'],
  ['the way back from an identity provider', 'GET', '/auth/callback?code=x', 'user'],
] as const)('what a request to the endpoint may change: %s', (_, method, path, effect) => expect(effectOf(plan(), { method, url: origin + path })).toBe(effect));

describe('before the configuration is known', () => {
  it.each([
    ['the guard header', new Request(`${origin}/any`, { headers: { 'X-Tabaton': '1' } }), true],
    ['the shape of a plain refresh', new Request(`${origin}/any`, { method: 'POST', keepalive: true, cache: 'no-store' }), true],
    ['a POST that outlives its page', new Request(`${origin}/any`, { method: 'POST', keepalive: true }), false],
    ['a POST past every cache', new Request(`${origin}/any`, { method: 'POST', cache: 'no-store' }), false],
    ['a GET like it', new Request(`${origin}/any`, { keepalive: true, cache: 'no-store' }), false],
    ['an ordinary POST', new Request(`${origin}/any`, { method: 'POST' }), false],
  ])('%s', (_, of, yes) => expect(looksLikeEndpoint(of)).toBe(yes));
});

it.each([[undefined], [null], ['x'], [{}], [{ endpoint: '/auth', apis: 'all' }], [{ endpoint: '/auth', apis: [{ origin: 'app.example' }] }], [{ endpoint: '/auth', apis: [{ origin: `${origin}/v1` }] }], [{ endpoint: 1, apis: [] }], [{ endpoint: 'http://[', apis: [] }], [{ endpoint: '/auth', apis: [{ origin, path: 'v1' }] }]])(
  'what is no configuration is refused: %j',
  (config) => expect(planOf(config)).toBeUndefined(),
);
