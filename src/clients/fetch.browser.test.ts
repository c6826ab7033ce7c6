/** What a request is, and which address a relative URL means, is the browser's affair: `fetch` must go by what it says. */
import { expect, it } from 'vitest';
import { createFetch } from './fetch.js';

it('a relative URL below <base href> of another origin carries no token', async () => {
  const base = document.head.appendChild(document.createElement('base'));
  base.href = 'https://other.example/app/';
  const sent: [url: string, bearer: string | null][] = [];
  const fetch = createFetch(
    { getToken: async () => 'secret', refresh: async () => 'secret', getSnapshot: () => ({}) as never },
    {
      apis: [{ origin: location.origin }],
      fetch: async (request) => (sent.push([request.url, request.headers.get('Authorization')]), new Response()),
      rejected: () => {},
    },
  );
  await fetch('/api/me');
  await fetch(`${location.origin}/api/me`);
  base.remove();
  await fetch('/api/me');
  expect(sent).toEqual([
    ['https://other.example/api/me', null],
    [`${location.origin}/api/me`, 'Bearer secret'],
    [`${location.origin}/api/me`, 'Bearer secret'],
  ]);
});

it('a request with a body is sent again as it was, but for its token', async () => {
  const seen: object[] = [];
  const fetch = createFetch(
    { getToken: async () => 'old', refresh: async () => 'new', getSnapshot: () => ({}) as never },
    {
      apis: [{ origin: location.origin }],
      fetch: async (request) => {
        const { method, url, headers, mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive } = request;
        seen.push({ method, url, headers: [...headers], mode, credentials, cache, redirect, referrer, referrerPolicy, integrity, keepalive, body: await request.text() });
        return new Response(null, { status: seen.length === 1 ? 401 : 200 });
      },
      rejected: () => {},
    },
  );
  const init: RequestInit = { method: 'PUT', headers: { 'Content-Type': 'text/x-own', 'X-Own': '1' }, mode: 'same-origin', credentials: 'omit', cache: 'no-store', redirect: 'manual', referrer: '/somewhere', referrerPolicy: 'origin', integrity: 'sha256-x', keepalive: true, body: 'said once' };
  expect((await fetch(new Request('/api/me', init))).status).toBe(200);
  const [first, second] = seen.map((request) => JSON.stringify(request));
  expect(first).toContain('"said once"');
  expect(second).toBe(first!.replace('Bearer old', 'Bearer new'));
});
