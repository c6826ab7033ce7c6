/** One origin with a lean API and three workers side by side, each with its own pages: ours, one that only passes through, and a peer. */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { mount, type Mounted } from '../e2e/server/backends.js';

const root = join(import.meta.dirname, '..');
const peer = join(root, 'node_modules/@axa-fr/oidc-client-service-worker/dist');
const KILOBYTE = 'x'.repeat(1_000);
const MEGABYTE = Buffer.alloc(1_048_576, 'x');

export const kinds = ['pass', 'ours', 'peer'] as const;
export type Kind = (typeof kinds)[number];

const PASS = `addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => { if (new URL(event.request.url).pathname.startsWith('/api/')) event.respondWith(fetch(event.request)); });`;
const jwt = (claims: object): string => ['{"alg":"none"}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');

export interface Site {
  readonly origin: string;
  readonly backend: Mounted;
  /** Requests of the API with and without a token. */
  readonly seen: { bearer: number; bare: number; bytes: number };
  close(): Promise<void>;
}

export async function site(): Promise<Site> {
  const seen = { bearer: 0, bare: 0, bytes: 0 };
  let origin = '';
  let backend: Mounted | undefined = undefined;
  const scripts: Record<string, () => string> = {
    '/ours/sw.js': () => readFileSync(join(root, 'dist/sw.js'), 'utf8'),
    '/pass/sw.js': () => PASS,
    '/peer/sw.js': () => readFileSync(join(peer, 'OidcServiceWorker.js'), 'utf8'),
    '/peer/OidcTrustedDomains.js': () => `const trustedDomains = { default: { oidcDomains: ['${origin}/peer'], accessTokenDomains: ['${origin}/api'] } };`,
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', origin);
    if (pathname.startsWith('/api/')) {
      seen[request.headers.authorization ? 'bearer' : 'bare'] += 1;
      for await (const chunk of request) seen.bytes += (chunk as Buffer).length;
      const megabytes = Number(searchParams.get('megabytes'));
      if (!megabytes) return void response.end(KILOBYTE);
      for (let n = 0; n < megabytes; n += 1) if (!response.write(MEGABYTE)) await new Promise((drained) => response.once('drain', drained));
      return void response.end();
    }
    const script = scripts[pathname];
    if (script) return void response.setHeader('content-type', 'text/javascript').end(script());
    if (pathname === '/peer/token') {
      const exp = Math.floor(Date.now() / 1000) + 3_600;
      const claims = { sub: 'ada', iss: `${origin}/peer`, exp, iat: exp - 3_600 };
      return void response.setHeader('content-type', 'application/json').end(JSON.stringify({ access_token: jwt(claims), id_token: jwt(claims), refresh_token: 'r', expires_in: 3_600, token_type: 'Bearer' }));
    }
    if (!pathname.startsWith('/auth')) return void response.setHeader('content-type', 'text/html').end('<!doctype html><title>bench</title><link rel="icon" href="data:,">');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const answer = await backend!.handle(
      new Request(new URL(request.url!, origin), { method: request.method ?? 'GET', headers: request.headers as Record<string, string>, ...(chunks.length ? { body: Buffer.concat(chunks) } : {}) }),
    );
    response.statusCode = answer.status;
    answer.headers.forEach((value, name) => name !== 'set-cookie' && response.setHeader(name, value));
    response.setHeader('set-cookie', answer.headers.getSetCookie()).end(await answer.text());
  };
  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  backend = await mount('full', { origin, lifetime: 3_600 });
  return {
    origin,
    backend,
    seen,
    close: () => new Promise((closed) => (server.close(() => closed()), server.closeAllConnections())),
  };
}
