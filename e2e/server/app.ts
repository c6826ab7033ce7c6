/** One origin on loopback: a site, a protected API and an auth backend, every request passing the fault layer. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Api, api } from './api.js';
import { type Backend, exchange } from './exchange.js';
import { type Plan, plan } from './faults.js';
import { type Entry, type Journal, journal, type Route } from './journal.js';
import { site } from './site.js';

export interface App {
  readonly origin: string;
  readonly port: number;
  readonly journal: Journal;
  readonly faults: Plan;
  readonly api: Api;
  /** Refresh requests that reached the server, resends included. */
  refreshes(): Entry[];
  /** `false`: every answer closes its connection, so that no request finds one to reuse. */
  keepAlive(on: boolean): void;
  /** Refuses new connections and destroys the open ones until `online`. */
  offline(): void;
  online(): void;
  close(): Promise<void>;
}

export async function app(makeBackend: (origin: string) => Backend | Promise<Backend>): Promise<App> {
  const log = journal();
  const faults = plan();
  const protectedApi = api();
  let reachable = true;
  let reuse = true;
  let origin = '';
  let backend: Backend = () => Promise.reject(new Error('not ready'));

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void (async () => {
      if (!reuse) response.setHeader('connection', 'close');
      const path = request.url ?? '/';
      const route = routeOf(path);
      const at = performance.now();
      const body = await bodyOf(request);
      if (body === undefined) return;
      const entry = log.add({ ...describe(request), route, at, path, body: body.toString() });
      const serving = route === 'api' ? protectedApi.handle : route === 'page' ? site : backend;
      const x = exchange({ request, response, origin, body }, entry, async (asked) => {
        const answer = await serving(asked);
        if (serving === backend) await noteToken(answer, protectedApi);
        return answer;
      });
      await faults.take(route)(x);
    })().catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  server.on('connection', (socket) => {
    if (!reachable) socket.destroy();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  origin = `http://localhost:${port}`;
  backend = await makeBackend(origin);

  return {
    origin,
    port,
    journal: log,
    faults,
    api: protectedApi,
    refreshes: () => log.of('refresh'),
    keepAlive(on) {
      reuse = on;
    },
    offline() {
      reachable = false;
      server.closeAllConnections();
    },
    online() {
      reachable = true;
    },
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function routeOf(path: string): Route {
  const { pathname } = new URL(path, 'http://localhost');
  if (pathname.startsWith('/api/')) return 'api';
  const own = /^\/auth\/(refresh|login|logout|session|events)$/.exec(pathname)?.[1];
  if (own) return own as Route;
  return pathname.startsWith('/auth') ? 'other' : 'page';
}

function describe(request: IncomingMessage): Omit<Entry, 'seq' | 'route' | 'at' | 'path' | 'body'> {
  const referer = request.headers.referer;
  const attempt = request.headers['idempotency-key'];
  return {
    method: request.method ?? 'GET',
    from: (referer && new URL(referer).searchParams.get('name')) || '',
    connection: request.socket.remotePort ?? 0,
    attempt: Array.isArray(attempt) ? attempt[0] : attempt,
    cookie: request.headers.cookie ?? '',
    bearer: request.headers.authorization,
    range: request.headers.range,
    acted: false,
    status: undefined,
    json: undefined,
    setCookies: [],
    sent: undefined,
    gone: false,
  };
}

/** Undefined when the browser went away while sending. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

async function noteToken(answer: Response, to: Api): Promise<void> {
  if (!answer.headers.get('content-type')?.includes('json')) return;
  const { access_token: token, sub } = (await answer.clone().json()) as { access_token?: string; sub?: string };
  if (token) to.issued(token, sub ?? subjectOf(token));
}

function subjectOf(token: string): string | undefined {
  const payload = token.split('.')[1];
  if (!payload) return undefined;
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sub?: string }).sub;
}
