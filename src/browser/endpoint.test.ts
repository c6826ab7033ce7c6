import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Reply } from '../core/ports.js';
import { endpointContract, refreshCall } from '../testing/contracts/endpoint.js';
import { endpointBackend } from '../testing/contracts/endpoint-backend.js';
import { realTime } from '../testing/contracts/subject.js';
import { createEndpoint } from './endpoint.js';
import { routesOf, type EndpointOption } from './routes.js';

const servers: Server[] = [];
const serve = async (): Promise<string> => {
  const server = createServer((request, response) => void endpointBackend(() => `${other}/html`)(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
let origin = '';
let other = '';

beforeAll(async () => {
  origin = await serve();
  other = await serve();
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});
afterEach(() => vi.unstubAllGlobals());

const endpointAt = (option: EndpointOption) => {
  vi.stubGlobal('location', new URL(`${origin}/app/page?x=1`));
  return createEndpoint(option, routesOf(option), 'page');
};
const ask = (option: EndpointOption, over = {}): Promise<Reply> => endpointAt(option).refresh(refreshCall(over)).reply;
const echoed = async (option: EndpointOption, over = {}) => {
  const reply = await ask(option, over);
  return (reply as { json: { headers: Record<string, string>; body: string; path: string } }).json;
};

endpointContract('fetch against a real server', () => ({
  ...realTime,
  endpoint: (behaviour) => endpointAt({ refresh: `/${behaviour}` }),
}));

describe('what travels', () => {
  const names = ['x-tabaton', 'idempotency-key', 'content-type'];
  const sent = (headers: Record<string, string>) => names.filter((name) => name in headers);

  it.each([
    ['auto', 'same', ['x-tabaton', 'idempotency-key'], ''],
    ['plain', 'same', ['x-tabaton', 'idempotency-key'], ''],
    ['fenced', 'same', ['x-tabaton', 'idempotency-key'], ''],
    ['full', 'same', names, 'body'],
    ['auto', 'other', [], ''],
    ['plain', 'other', [], ''],
    ['fenced', 'other', ['x-tabaton', 'idempotency-key'], ''],
    ['full', 'other', names, 'body'],
  ] as const)('level %s, %s origin', async (level, where, headers, body) => {
    const echo = await echoed({ refresh: `${where === 'same' ? '' : other}/echo` }, { level });
    expect(sent(echo.headers)).toEqual(headers);
    expect(echo.body === '' ? '' : 'body').toBe(body);
  });

  it('the full body is the contract of the wire, in seconds', async () => {
    const call = refreshCall({ level: 'full', have: 4, minTtl: 12_500, scope: 'a b', resource: 'https://api.test', reason: 'expiring' });
    const echo = await echoed({ refresh: '/echo' }, call);
    expect(echo.headers['idempotency-key']).toBe(call.attempt);
    expect(JSON.parse(echo.body)).toEqual({
      context: 'page',
      have: 4,
      reason: 'expiring',
      min_ttl: 13,
      scope: 'a b',
      resource: 'https://api.test',
      ids: call.ids,
    });
  });

  it.each([
    ['an object with a type of its own, however it is spelt', { a: 1 }, { 'content-type': 'application/vnd.api+json' }, 'auto', 'application/vnd.api+json'],
    ['a form instead of the full body', new URLSearchParams({ a: '1' }), {}, 'full', 'application/x-www-form-urlencoded;charset=UTF-8'],
  ] as const)('a body is sent as what it is: %s', async (_, body, headers, level, type) => {
    const echo = await echoed({ refresh: '/echo', body, headers }, { level });
    expect(echo.headers['content-type']).toBe(type);
  });

  it("an existing backend's headers and body, asked anew for each request", async () => {
    let count = 0;
    const option: EndpointOption = {
      refresh: '/echo',
      headers: () => ({ 'X-CSRF': `csrf-${++count}` }),
      body: { grant_type: 'refresh_token' },
    };
    const first = await echoed(option, { level: 'full' });
    expect(first).toMatchObject({ body: '{"grant_type":"refresh_token"}', headers: { 'x-csrf': 'csrf-1', 'content-type': 'application/json', 'x-tabaton': '1' } });
    const form = await echoed({ ...option, body: () => new URLSearchParams({ a: 'b' }) });
    expect(form).toMatchObject({ body: 'a=b', headers: { 'x-csrf': 'csrf-2', 'content-type': expect.stringContaining('x-www-form-urlencoded') } });
  });

  it('a mount is the parent of its routes, with or without a slash at its end', async () => {
    expect((await echoed('/base/')).path).toBe('/base/refresh');
    expect(routesOf('/base/')).toMatchObject({ name: `${origin}/base`, logout: `${origin}/base/logout`, login: `${origin}/base/login`, hinted: true });
    expect(routesOf({ refresh: '/base/refresh' }).name).toBe(`${origin}/base`);
    expect(routesOf(`${other}/auth`)).toMatchObject({ name: `${other}/auth`, hinted: false });
  });

  it('a logout says which session it ends, where the endpoint understands it', async () => {
    const { logout } = endpointAt('/base');
    const full = await logout!({ scope: 'all', sid: 's1', level: 'full', deadline: 1_000 }).reply;
    expect(full).toMatchObject({ json: { path: '/base/logout', body: '{"scope":"all","sid":"s1"}' } });
    const auto = await logout!({ scope: 'all', sid: 's1', deadline: 1_000 }).reply;
    expect(auto).toMatchObject({ json: { body: '', headers: { 'x-tabaton': '1' } } });
    expect(endpointAt({ refresh: '/r' }).logout).toBeUndefined();
  });
});

describe('how it travels', () => {
  it('outlives its page, with the cookie, past every cache', async () => {
    const sent = vi.fn((..._call: Parameters<typeof fetch>) => Promise.resolve(Response.json({})));
    vi.stubGlobal('fetch', sent);
    await ask('/auth');
    expect(sent.mock.calls[0]![1]).toMatchObject({ method: 'POST', keepalive: true, credentials: 'include', cache: 'no-store', signal: expect.any(AbortSignal) });
    await ask({ refresh: '/r', credentials: 'omit' });
    expect(sent.mock.calls[1]![1]).toMatchObject({ keepalive: true, credentials: 'omit' });
  });
});

describe('what comes back', () => {
  it.each([
    ['html', { status: 200, json: undefined, note: expect.stringContaining('not JSON') }],
    ['empty', { status: 204, json: undefined }],
    ['huge', { status: 200, json: undefined, note: expect.stringContaining('256 kB') }],
    ['large', { status: 200, json: { access_token: 'token-of-the-suite' } }],
    ['cut-short', { status: 200, json: undefined, note: expect.stringContaining('cut short') }],
    ['moved', { status: 200, json: { access_token: 'token-of-the-suite' } }],
    ['busy-date', { status: 429, retryAfter: 7_000 }],
    ['busy-nonsense', { status: 503, retryAfter: undefined }],
  ])('%s', async (path, reply) => {
    expect(await ask({ refresh: `/${path}` })).toMatchObject({ kind: 'http', ...reply });
  });

  it('the deadline covers a body that dribbles', async () => {
    expect(await ask({ refresh: '/dribble' }, { deadline: 150 })).toEqual({ kind: 'timeout' });
  });

  it('an answer from where a portal redirected to says nothing about the session', async () => {
    expect(await ask({ refresh: '/portal' })).toEqual({ kind: 'network', message: 'redirected to another origin' });
  });

  it('quotes neither a URL nor a body', async () => {
    const reply = await ask({ refresh: 'http://127.0.0.1:1/refresh?key=secret' });
    // Not `TypeError`, which is all that fetch() says: it leads nobody to the address or to CORS.
    expect(reply).toEqual({ kind: 'network', message: 'no connection, or CORS' });
    expect(JSON.stringify(reply)).not.toContain('secret');
  });

  it("the server's date, for lifetimes given as a point in time", async () => {
    const reply = (await ask({ refresh: '/grant' })) as { date?: number };
    expect(reply.date).toBeGreaterThan(1_600_000_000_000);
  });
});

describe('a function as endpoint', () => {
  it.each([
    ['parsed body', () => ({ access_token: 't' }), { kind: 'http', status: 200, json: { access_token: 't' } }],
    ['Response', () => Response.json({ error: 'x' }, { status: 400 }), { kind: 'http', status: 400, json: { error: 'x' } }],
    ['plain throw', () => Promise.reject(new Error('secret')), { kind: 'network', message: 'Error' }],
    ['axios error', () => Promise.reject({ response: { status: 401, data: { error: 'y' } } }), { kind: 'http', status: 401, json: { error: 'y' } }],
    ['ky error', () => Promise.reject({ response: Response.json({ error: 'z' }, { status: 503 }) }), { kind: 'http', status: 503, json: { error: 'z' } }],
    ['no settling', () => new Promise(() => {}), { kind: 'timeout' }],
    ['undefined thrown', () => Promise.reject(undefined), { kind: 'network' }],
  ])('%s', async (_, run, reply) => {
    expect(await ask(run, { deadline: 300 })).toMatchObject(reply);
  });

  it('gets the attempt id and a signal', async () => {
    const calls: unknown[] = [];
    await ask((call) => (calls.push(call), {}), { scope: 'a' });
    expect(calls).toEqual([{ attempt: refreshCall().attempt, reason: 'startup', scope: 'a', resource: undefined, signal: expect.any(AbortSignal) }]);
  });
});

describe('signIn', () => {
  it.each(['//evil.test', '/\t/evil.test', '/\n/evil.test', 'https://evil.test', '/\\evil.test', '\\\\evil.test', 'inbox', '', 'javascript:alert(1)'])('refuses %j: only a path of this origin', (returnTo) => {
    vi.stubGlobal('document', {});
    const refused = () => endpointAt('/base').signIn!(returnTo);
    expect(refused).toThrow(expect.objectContaining({ code: 'invalid_argument', message: expect.stringContaining('path of this origin') }));
  });

  it('goes to the login route with the path to return to', () => {
    const endpoint = endpointAt('/base');
    const assign = vi.fn();
    vi.stubGlobal('document', {});
    vi.stubGlobal('location', { origin, href: `${origin}/`, assign });
    endpoint.signIn!('/inbox?a=1&b=2')();
    expect(String(assign.mock.calls[0])).toBe(`${origin}/base/login?return_to=%2Finbox%3Fa%3D1%26b%3D2`);
  });

  it('says what to write where there is no login route', () => {
    expect(() => endpointAt({ refresh: '/r' }).signIn!('/')).toThrow(/endpoint\.login/);
  });
});

describe('claims of a JWT', () => {
  const jwt = (payload: string) => `h.${Buffer.from(payload).toString('base64url')}.s`;
  it.each([
    [jwt('{"exp":2,"iat":1,"sub":"jürgen?>"}'), { exp: 2, iat: 1, sub: 'jürgen?>' }],
    ['opaque', undefined],
    ['a.%%%.c', undefined],
    [jwt('not json'), undefined],
    ['', undefined],
  ])('%s', (token, claims) => {
    expect(endpointAt('/x').claims!(token)).toEqual(claims);
  });
});
