/** Which address a relative URL means is the browser's affair: a token must go by what it says. */
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
