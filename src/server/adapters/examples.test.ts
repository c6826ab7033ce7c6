/** Every example, run: sign in, refresh, call the API, listen, sign out. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { shortHash } from '../encoding.js';
import { memoryStore } from '../stores/memory.js';
import { eventReader } from '../testing/event-reader.js';
import { KEY } from '../testing/site.js';

const examples = new URL('../../../examples/', import.meta.url);
const load = async <Exports>(file: string) => (await import(new URL(file, examples).href)) as Exports;

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => (server.close(done), server.closeAllConnections()))));
});

const ORIGIN = 'https://app.example';
const optionsFor = () => ({
  publicOrigin: ORIGIN,
  keys: KEY,
  store: memoryStore(),
  authenticate: async (request: Request) => ((await request.json()) as { password: string }).password === 'right' ? { sub: 'ada' } : null,
});

type Send = (path: string, init?: { method?: string; headers?: Record<string, string>; body?: string }) => Promise<Response>;

/** The conversation every home has to carry on. */
async function converses(send: Send): Promise<void> {
  const post = { method: 'POST', headers: { 'X-Tabaton': '1', Origin: ORIGIN, 'Content-Type': 'application/json' } };
  const wrong = await send('/auth/login', { ...post, body: '{"user":"ada","password":"wrong"}' });
  expect(wrong.status).toBe(400);
  const login = await send('/auth/login', { ...post, body: '{"user":"ada","password":"right"}' });
  expect(login.status).toBe(200);
  const cookies = login.headers.getSetCookie();
  expect(cookies).toHaveLength(2);
  expect(cookies[0]).toMatch(/^__Host-Http-tabaton\..+; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  const Cookie = cookies.map((line) => line.split(';')[0]).join('; ');

  const refresh = await send('/auth/refresh', { ...post, headers: { ...post.headers, Cookie, 'Idempotency-Key': 'a'.repeat(22) }, body: '{"reason":"startup"}' });
  const { access_token, outcome } = (await refresh.json()) as { access_token: string; outcome: string };
  expect([refresh.status, outcome]).toEqual([200, 'cached']);
  expect(refresh.headers.get('Cache-Control')).toBe('no-store');
  expect((await send('/api/me')).status).toBe(401);
  const me = await send('/api/me', { headers: { Authorization: `Bearer ${access_token}` } });
  expect(await me.json()).toEqual({ user: 'ada' });
  expect((await send('/auth/refresh', { method: 'POST', headers: { Cookie } })).status).toBe(403);

  const events = eventReader(await send('/auth/events', { headers: { Cookie, Accept: 'text/event-stream' } }));
  expect(await events.next()).toMatchObject({ event: 'hello', data: { gen: 1 } });
  const devices = (await (await send('/auth/devices', { headers: { Cookie } })).json()) as { devices: { id: string }[] };
  const gone = await send(`/auth/devices/${devices.devices[0]!.id}`, { method: 'DELETE', headers: { ...post.headers, Cookie } });
  expect(gone.status).toBe(204);
  expect(await events.next()).toMatchObject({ event: 'signed_out' });
  expect(await events.next()).toBeUndefined();
}

/** Over a real socket, as its users would. */
async function listening(server: Server): Promise<Send> {
  servers.push(server);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init);
}
const inProcess = (answer: (request: Request) => Response | Promise<Response>): Send => async (path, init) => answer(new Request(ORIGIN + path, init));

type CreateApp<App> = (options: ReturnType<typeof optionsFor>) => Promise<App>;

/** What endpoint.mjs keeps between the reloads of `next dev`. */
const keptByNext = (site: object) => void ((globalThis as Record<symbol, unknown>)[Symbol.for('tabaton example')] = Promise.resolve(site));

describe('a store that cannot be used ends the start of', () => {
  const store = { ...memoryStore(), put: () => Promise.reject(new Error('down')) };
  let at = Date.now();
  /** The five seconds for which a start waits pass at once. */
  const clock = {
    now: () => at,
    after(ms: number, run: () => void) {
      at += ms;
      const timer = setTimeout(run);
      return () => clearTimeout(timer);
    },
  };

  test.each(['node', 'express', 'hono'])('%s', async (name) => {
    const { createApp } = await load<{ createApp(options: object): Promise<unknown> }>(`${name}/app.mjs`);
    await expect(createApp({ ...optionsFor(), store, clock })).rejects.toThrow(/^store: cannot be used/);
  });

  test('Next, which asks in its instrumentation', async () => {
    const { createEndpoint } = await import('../endpoint.js');
    const { register } = await load<{ register(): Promise<void> }>('next/instrumentation.mjs');
    keptByNext({ endpoint: createEndpoint({ ...optionsFor(), store, clock }) });
    vi.stubEnv('NEXT_RUNTIME', 'edge');
    await register();
    vi.stubEnv('NEXT_RUNTIME', 'nodejs');
    await expect(register()).rejects.toThrow(/^store: cannot be used/);
    keptByNext({ endpoint: createEndpoint(optionsFor()) });
    await register();
    vi.unstubAllEnvs();
  });
});

describe('login limits know the client’s address in', () => {
  /** Options whose store tells by which addresses logins were counted, and a login. */
  function counted() {
    const inner = memoryStore();
    const keys: string[] = [];
    const store = { ...inner, hit: (...hit: Parameters<typeof inner.hit>) => (keys.push(hit[0]), inner.hit(...hit)) };
    const headers = { 'X-Tabaton': '1', Origin: ORIGIN, 'Content-Type': 'application/json' };
    const login = (more: Record<string, string> = {}) =>
      new Request(`${ORIGIN}/auth/login`, { method: 'POST', headers: { ...headers, ...more }, body: '{"user":"ada","password":"right"}' });
    const by = async (address: string) => expect(keys).toContain(`login-address:${await shortHash(address)}`);
    return { options: { ...optionsFor(), store }, login, by };
  }
  test.each<[string, object]>([
    ['Node', { incoming: { socket: { remoteAddress: '10.1.2.3' } } }],
    ['Deno', { remoteAddr: { hostname: '10.1.2.3' } }],
    ['Bun', { server: { requestIP: () => ({ address: '10.1.2.3' }) } }],
  ])('Hono on %s', async (_, env) => {
    const { createApp } = await load<{ createApp: CreateApp<{ fetch(request: Request, env: object): Promise<Response> }> }>('hono/app.mjs');
    const { options, login, by } = counted();
    await (await createApp(options)).fetch(login(), env);
    await by('10.1.2.3');
  });
  test('Hono on Cloudflare, whose header is believed nowhere else', async () => {
    const { createApp } = await load<{ createApp: CreateApp<{ fetch(request: Request, env: object): Promise<Response> }> }>('hono/app.mjs');
    const { options, login, by } = counted();
    const app = await createApp(options);
    const ask = () => app.fetch(login({ 'CF-Connecting-IP': '10.1.2.3' }), { remoteAddr: { hostname: '10.0.0.1' } });
    await ask();
    await by('10.0.0.1');
    vi.stubGlobal('navigator', { userAgent: 'Cloudflare-Workers' });
    await ask();
    vi.unstubAllGlobals();
    await by('10.1.2.3');
  });
  test('Next, as the nearest proxy saw it', async () => {
    const { createEndpoint } = await import('../endpoint.js');
    const { POST } = await load<{ POST(request: Request): Promise<Response> }>('next/app/auth/[...path]/route.mjs');
    const { options, login, by } = counted();
    keptByNext({ endpoint: createEndpoint(options) });
    await POST(login({ 'X-Forwarded-For': '6.6.6.6, 10.1.2.3' }));
    await by('10.1.2.3');
  });
});

describe('the endpoint at home in', () => {
  test('node:http', async () => {
    const { createApp } = await load<{ createApp: CreateApp<Server> }>('node/app.mjs');
    await converses(await listening(await createApp(optionsFor())));
  });

  test('Express', async () => {
    const { createApp } = await load<{ createApp: CreateApp<Parameters<typeof createServer>[1]> }>('express/app.mjs');
    await converses(await listening(createServer((await createApp(optionsFor()))!)));
  });

  test('Hono, and on Node’s http through its own adapter', async () => {
    const { createApp } = await load<{ createApp: CreateApp<{ fetch(request: Request): Response | Promise<Response> }> }>('hono/app.mjs');
    const app = await createApp(optionsFor());
    await converses(inProcess((request) => app.fetch(request)));
    const { createAdaptorServer } = await import('@hono/node-server');
    await converses(await listening(createAdaptorServer({ fetch: (await createApp(optionsFor())).fetch }) as Server));
  });

  test('Next route handlers, called as Next calls them', async () => {
    const { createEndpoint } = await import('../endpoint.js');
    const { bearerOf } = await load<{ bearerOf(endpoint: unknown): unknown }>('options.mjs');
    const endpoint = createEndpoint(optionsFor());
    keptByNext({ endpoint, userOf: bearerOf(endpoint) });
    type Handlers = Record<string, ((request: Request) => Promise<Response>) | string>;
    const routes: Record<string, Handlers> = { auth: await load<Handlers>('next/app/auth/[...path]/route.mjs'), api: await load<Handlers>('next/app/api/me/route.mjs') };
    expect([routes.auth!.dynamic, routes.auth!.runtime]).toEqual(['force-dynamic', 'nodejs']);
    await converses(
      inProcess(async (request) => {
        const handler = routes[new URL(request.url).pathname.split('/')[1]!]?.[request.method];
        return typeof handler === 'function' ? handler(request) : new Response(null, { status: 405 });
      }),
    );
    const { whoIs } = await load<{ whoIs(headers: Headers): Promise<unknown> }>('next/endpoint.mjs');
    expect(await whoIs(new Headers())).toBeNull();
  });

  test('a worker runtime, which is kept alive for what outlives an answer', async () => {
    const { createWorker } = await load<{
      createWorker(options: (env: { KEY: string }) => object): { fetch(request: Request, env: object, context: object): Promise<Response> };
    }>('worker/app.mjs');
    const inner = memoryStore();
    // As over a network: what an answer does not wait for is still under way when it is out.
    const append: typeof inner.append = async (...event) => (await new Promise((later) => setImmediate(later)), inner.append(...event));
    const worker = createWorker(({ KEY: keys }) => ({ ...optionsFor(), store: { ...inner, append }, keys }));
    const kept: Promise<unknown>[] = [];
    await converses(inProcess((request) => worker.fetch(request, { KEY }, { waitUntil: (work: Promise<unknown>) => kept.push(work) })));
    const work = await Promise.all(kept);
    expect(work.flat().length).toBeGreaterThan(0);
  });
});
