/** Everything of the origin that is neither endpoint nor API: pages, scripts, a plain page to navigate to. */
import type { Backend } from './exchange.js';
import { bundle } from './bundle.js';
import { workerScript } from './worker-script.js';

const PAGE = '<!doctype html><meta charset="utf-8"><title>tabaton</title><link rel="icon" href="data:,"><script type="module" src="/built/page.js"></script><body>';
const BARE = '<!doctype html><meta charset="utf-8"><title>bare</title><link rel="icon" href="data:,"><body>bare';
/** An application's own service worker that knows nothing of tabaton. */
const WORKER = `const version = new URL(location.href).searchParams.get('version');
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => { if (new URL(event.request.url).pathname.startsWith('/api/')) event.respondWith(fetch(event.request)); });
addEventListener('message', (event) => event.source.postMessage(version));`;

export const site: Backend = async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === '/') return text('text/html; charset=utf-8', PAGE);
  if (pathname === '/bare') return text('text/html; charset=utf-8', BARE);
  if (pathname === '/own-worker.js') return text('text/javascript', WORKER);
  const worker = await workerScript(request);
  if (worker) return worker;
  // `/copy/…` is the same script at another address: a second copy of the package in one page.
  const script = /^\/(?:built|copy)\/(.+)$/.exec(pathname)?.[1];
  const code = script === undefined ? undefined : (await bundle()).get(script);
  return code === undefined ? new Response('not found', { status: 404 }) : text('text/javascript', code);
};

const text = (type: string, body: string): Response => new Response(body, { headers: { 'content-type': type, 'cache-control': 'no-cache' } });
