import { request as httpRequest, createServer, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createEndpoint } from './endpoint.js';
import { DIRECT, type Answer } from './handler/call.js';
import type { EndpointEvent } from './observe.js';
import { nodeListener, type NodeListener, type NodeMountable, type NodeOptions } from './node.js';

const servers: Server[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => {
  server.closeAllConnections();
  server.close(resolve);
}))));

async function serve(
  make: (origin: string) => NodeMountable,
  options?: NodeOptions,
  front: (listener: NodeListener) => NodeListener = (listener) => listener,
): Promise<{ origin: string; port: number }> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://localhost:${port}`;
  server.on('request', front(nodeListener(make(origin), options)));
  return { origin, port };
}

/** Behind a body parser: it reads the whole, and leaves in `request.body` what it makes of it. */
const parsed = (left: (text: string) => unknown, make: (origin: string) => NodeMountable) =>
  serve(make, {}, (listener) => (incoming, outgoing) => {
    let text = '';
    const end = () => listener(Object.assign(incoming, { body: left(text) }), outgoing);
    incoming.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', end);
  });

const fake = (origin: string, answer: (request: Request) => Promise<Response>): NodeMountable =>
  Object.assign(answer, { publicOrigin: origin, mount: '/auth' });

function send(port: number, path: string, headers: Record<string, string>, body = ''): Promise<{ response: IncomingMessage; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk)).on('end', () => resolve({ response, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('the endpoint behind node:http', () => {
  test('a login over http://localhost gives a real HttpOnly cookie, and the cookie refreshes', async () => {
    const { origin, port } = await serve((publicOrigin) =>
      createEndpoint({ publicOrigin, dev: true, authenticate: async () => ({ sub: 'ada' }) }));
    const headers = { 'X-Tabaton': '1', Origin: origin, 'Content-Type': 'application/json' };
    const login = await send(port, '/auth/login', headers, '{}');
    expect(login.response.statusCode).toBe(200);
    const [session, hint] = login.response.headers['set-cookie']!;
    expect(session).toContain('HttpOnly');
    expect(hint).not.toContain('HttpOnly');
    const again = await send(port, '/auth/refresh', {
      'X-Tabaton': '1', Origin: origin, Cookie: session!.split(';')[0]!, 'Idempotency-Key': 'a'.repeat(22),
    });
    expect(JSON.parse(again.text)).toMatchObject({ outcome: 'cached', gen: 1 });
  });
  test('Host and X-Forwarded headers do not decide where the endpoint is', async () => {
    const seen: string[] = [];
    const { port } = await serve((origin) => fake(origin, async (request) => {
      seen.push(request.url);
      return new Response('ok');
    }));
    await send(port, '/auth/refresh?x=1', { Host: 'evil.example', 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' });
    await send(port, '//evil.example/auth', {});
    expect(seen).toEqual([`http://localhost:${port}/auth/refresh?x=1`, `http://localhost:${port}//evil.example/auth`]);
  });
  test('a body over the limit is 413, announced or not', async () => {
    const read = (origin: string) => fake(origin, async (request) => {
      const body = await request.text().catch(() => undefined);
      return new Response(null, { status: body === undefined ? 413 : 200 });
    });
    const { port } = await serve(read, { maxBodyBytes: 100 });
    expect((await send(port, '/auth/login', { 'Content-Length': '101' }, 'x'.repeat(101))).response.statusCode).toBe(413);
    expect((await send(port, '/auth/login', { 'Transfer-Encoding': 'chunked' }, 'x'.repeat(101))).response.statusCode).toBe(413);
    expect((await send(port, '/auth/login', { 'Transfer-Encoding': 'chunked' }, 'x'.repeat(100))).response.statusCode).toBe(200);
  });
  test('an answer streams as it is made, and a client that leaves aborts it', async () => {
    let left: () => void = () => {};
    const aborted = new Promise<void>((resolve) => (left = resolve));
    const cancelled: string[] = [];
    const { port } = await serve((origin) => fake(origin, async (request) => {
      request.signal.addEventListener('abort', () => left());
      return new Response(new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode('first')),
        cancel: () => void cancelled.push('cancelled'),
      }));
    }));
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /auth/events HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise<void>((resolve) => socket.on('data', (data) => data.includes('first') && resolve()));
    socket.destroy();
    await aborted;
    expect(cancelled).toEqual(['cancelled']);
  });
  test('other paths go to the next handler, the whole URL decides even when a framework cut it', async () => {
    const listener = nodeListener(fake('http://localhost', async (request) => new Response(request.url)));
    const passed: string[] = [];
    const answered = new Promise<string>((resolve) => {
      const outgoing = { on() {}, setHeader() {}, flushHeaders() {}, write: (chunk: Uint8Array) => (resolve(new TextDecoder().decode(chunk)), true), end() {} };
      listener({ url: '/session', originalUrl: '/auth/session', method: 'GET', headers: {}, rawHeaders: [], socket: {}, complete: true } as never, outgoing as never, () => resolve('passed on'));
    });
    expect(await answered).toBe('http://localhost/auth/session');
    const visit = (url: string, originalUrl?: string) =>
      listener({ url, originalUrl, headers: {}, rawHeaders: [], socket: {} } as never, { on() {} } as never, () => passed.push(url));
    visit('/authors');
    visit('/api/auth/refresh');
    expect(passed).toEqual(['/authors', '/api/auth/refresh']);
  });
  describe('a refresh, for which no Request is made', () => {
    async function signedIn() {
      const { origin, port } = await serve((publicOrigin) =>
        createEndpoint({ publicOrigin, dev: true, authenticate: async () => ({ sub: 'ada' }) }));
      const headers = { 'X-Tabaton': '1', Origin: origin, 'Content-Type': 'application/json' };
      const login = await send(port, '/auth/login', headers, '{}');
      const refresh = { ...headers, Cookie: login.response.headers['set-cookie']![0]!.split(';')[0]!, 'Idempotency-Key': 'a'.repeat(22) };
      return { port, refresh };
    }
    async function behindParser(made: (text: string) => unknown, sent: string, how: Record<string, string> = {}) {
      const events: EndpointEvent[] = [];
      let left: (text: string) => unknown = (text) => JSON.parse(text);
      const { origin, port } = await parsed((text) => left(text), (publicOrigin) =>
        createEndpoint({ publicOrigin, dev: true, authenticate: async () => ({ sub: 'ada' }), observe: (event) => events.push(event) }));
      const headers = { 'X-Tabaton': '1', Origin: origin, 'Content-Type': 'application/json' };
      const login = await send(port, '/auth/login', headers, '{}');
      left = made;
      const Cookie = login.response.headers['set-cookie']![0]!.split(';')[0]!;
      const { response, text } = await send(port, '/auth/refresh', { ...headers, ...how, Cookie, 'Idempotency-Key': 'a'.repeat(22) }, sent);
      return { status: response.statusCode, text, faults: events.filter(({ type }) => type === 'fault') };
    }
    test('is answered with a length, and the connection goes on', async () => {
      const { port, refresh } = await signedIn();
      const { response, text } = await send(port, '/auth/refresh', refresh, '{"reason":"startup"}');
      expect(response.headers).toMatchObject({ 'content-length': String(Buffer.byteLength(text)), 'cache-control': 'no-store', vary: 'Cookie, Origin, Sec-Fetch-Site' });
      expect(response.headers.connection).not.toBe('close');
      expect(JSON.parse(text)).toMatchObject({ outcome: 'cached', gen: 1 });
    });
    test('with too large a body is refused, announced or not, and the rest of it is no next request', async () => {
      const { port, refresh } = await signedIn();
      const large = JSON.stringify({ reason: 'startup', pad: 'x'.repeat(9_000) });
      const ways: Record<string, string>[] = [{ 'Content-Length': String(large.length) }, { 'Transfer-Encoding': 'chunked' }];
      for (const how of ways) {
        const { response, text } = await send(port, '/auth/refresh', { ...refresh, ...how }, large);
        expect(response.statusCode).toBe(400);
        expect(JSON.parse(text)).toMatchObject({ reason: 'malformed', session: 'intact' });
      }
    });
    test('whose sender leaves in the middle harms nobody', async () => {
      const { port, refresh } = await signedIn();
      const socket = connect(port, '127.0.0.1');
      const head = Object.entries(refresh).map(([name, value]) => `${name}: ${value}\r\n`).join('');
      await new Promise<void>((resolve) => socket.write(`POST /auth/refresh HTTP/1.1\r\nHost: x\r\n${head}Content-Length: 50\r\n\r\n{"rea`, () => resolve()));
      socket.destroy();
      expect((await send(port, '/auth/refresh', refresh)).response.statusCode).toBe(200);
    });
    test.each<[string, (text: string) => unknown, string?]>([
      ['an object', (text) => JSON.parse(text)],
      ['a text', (text) => text],
      ['bytes', (text) => Buffer.from(text)],
      ['nothing that was sent', () => undefined, ''],
    ])('whose body a parser in front has read is answered from what that left: %s', async (_, made, sent = '{"reason":"force","have":1}') => {
      const { faults, text } = await behindParser(made, sent);
      expect(JSON.parse(text)).toMatchObject(sent ? { error: 'slow_down' } : { outcome: 'cached', gen: 1 });
      expect(faults).toEqual([]);
    });
    test.each<[string, Record<string, string>]>([['announced', { 'Content-Length': '18' }], ['in chunks', { 'Transfer-Encoding': 'chunked' }]])(
      'whose body a parser in front has read and kept is refused, and the log says what to do: %s',
      async (_, how) => {
        const { faults, status, text } = await behindParser(() => undefined, '{"reason":"force"}', how);
        expect([status, JSON.parse(text)]).toMatchObject([500, { reason: 'unexpected', session: 'intact' }]);
        expect(faults).toEqual([expect.objectContaining({ type: 'fault', message: expect.stringContaining('Put nodeListener() before express.json()') })]);
      },
    );
    test('a form that a parser in front has read reaches the application as it was', async () => {
      const form = 'username=ada+b&x=1&x=2';
      const left = { username: 'ada b', x: ['1', '2'] };
      const { origin, port } = await parsed(() => left, (publicOrigin) => fake(publicOrigin, async (request) => new Response(await request.text())));
      expect((await send(port, '/auth/login', { Origin: origin, 'Content-Type': 'application/x-www-form-urlencoded' }, form)).text).toBe(form);
    });
    test('says the same through a function of the application’s own around the endpoint', async () => {
      const { origin, port } = await serve((publicOrigin) => {
        const endpoint = createEndpoint({ publicOrigin, dev: true, authenticate: async () => ({ sub: 'ada' }) });
        return Object.assign((...given: Parameters<typeof endpoint>) => endpoint(...given), { publicOrigin, mount: '/auth' });
      });
      const wrapped = await send(port, '/auth/refresh', { 'X-Tabaton': '1', Origin: origin, 'Idempotency-Key': 'a'.repeat(22) });
      const bare = await signedIn();
      const { Cookie: _, ...nobody } = bare.refresh;
      const direct = await send(bare.port, '/auth/refresh', nobody);
      const lasting = ({ date: _date, ...rest }: IncomingMessage['headers']) => rest;
      expect(wrapped.text).toBe(direct.text);
      expect(lasting(wrapped.response.headers)).toEqual(lasting(direct.response.headers));
    });
  });
  test.each<[string, (origin: string) => NodeMountable, NodeOptions?]>([
    ['gives a header that cannot be sent', (origin) => {
      const given: Answer = { status: 303, headers: { Location: '/日本', 'Content-Length': '7' }, cookies: ['a=b'], body: null };
      return Object.assign(fake(origin, async () => new Response()), { [DIRECT]: async () => given });
    }],
    ['rejects', (origin) => fake(origin, async () => Promise.reject(new Error('No.')))],
    ['cannot be told the address', (origin) => fake(origin, async () => new Response()), { addressOf: () => { throw new Error('No.'); } }],
  ])('an endpoint that %s costs one 500, not the process', async (_, make, options) => {
    const told = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { port } = await serve(make, options);
    for (let again = 0; again < 2; again += 1) {
      const { response, text } = await send(port, '/auth/refresh', {});
      expect(response.statusCode).toBe(500);
      expect(JSON.parse(text)).toMatchObject({ error: 'server_error', reason: 'unexpected', session: 'intact' });
    }
    expect(told).toHaveBeenCalledTimes(2);
    told.mockRestore();
  });
  test('an endpoint whose options only their use shows to be wrong says so to its own log, and to pages of listed origins', async () => {
    const faults: EndpointEvent[] = [];
    const broken = { kty: 'EC', crv: 'P-256', alg: 'ES256', d: 'x', x: 'x', y: 'x' };
    const Origin = 'http://app.localhost:5173';
    const { port } = await serve((publicOrigin) =>
      createEndpoint({ publicOrigin, dev: true, origins: [Origin], authenticate: async () => null, issuer: { signingKeys: [broken] }, observe: (event) => faults.push(event) }));
    const { response, text } = await send(port, '/auth/refresh', { Origin, 'X-Tabaton': '1' });
    expect([response.statusCode, response.headers['access-control-allow-origin'], JSON.parse(text)]).toMatchObject([500, Origin, { reason: 'unexpected', session: 'intact' }]);
    expect(faults).toEqual([expect.objectContaining({ type: 'fault', message: expect.stringContaining('issuer.signingKeys') })]);
  });
  test('a request target that is no path is refused', async () => {
    const { port } = await serve((origin) => fake(origin, async () => new Response('ok')));
    const socket = connect(port, '127.0.0.1');
    const answer = new Promise<string>((resolve) => socket.on('data', (data) => resolve(String(data))));
    socket.write('GET http://evil.example/auth/session HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 400 /);
    socket.destroy();
  });
});
