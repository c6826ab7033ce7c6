/** A signed request is otherwise the request the page made; an unsigned one is not touched at all. */
import { expect, test } from '../harness/fixtures.js';
import type { Origin } from '../harness/origin.js';
import { elsewhere, get, plain, script, stopWorkers, underWorker } from './plain.js';

const last = (origin: Origin) => origin.server.journal.of('api').at(-1)!;

test('a caller’s own Authorization wins', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  expect((await get(page, '/api/me', { headers: { Authorization: 'Bearer mine' } })).status).toBe(401);
  expect(origin.server.journal.of('api').map(({ bearer }) => bearer)).toEqual(['Bearer mine']);
  expect(origin.server.refreshes()).toHaveLength(0);
});

test('requests that are not configured never reach respondWith, nor does anything of the endpoint', async ({ origin }) => {
  await underWorker(origin, { apis: ['/api/v1', '/auth'].map((path) => ({ origin: origin.server.origin, path })) });
  const page = await plain(origin);
  await get(page, '/api/v1/me');
  const worker = origin.browser.serviceWorkers()[0]!;
  // From here on it holds a token, and fetches nothing for itself.
  await worker.evaluate(() => performance.clearResourceTimings());
  await page.evaluate(async () => {
    for (const url of ['/bare', '/api/v10/me', '/api/v1/me', '/own-worker.js', '/auth/session']) await fetch(url);
    await fetch('/auth/refresh', { method: 'POST', keepalive: true });
  });
  const bearers = Object.fromEntries(origin.server.journal.entries.map(({ path, bearer }) => [path, bearer?.slice(0, 6)]));
  expect(bearers).toMatchObject({ '/api/v10/me': undefined, '/api/v1/me': 'Bearer', '/auth/session': undefined, '/auth/refresh': undefined });
  const fetched = await worker.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname));
  expect(fetched, 'the worker itself has fetched nothing but the API').toEqual(['/api/v1/me']);
});

test('method, headers, body, referrer, range and credentials stay as they were', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  origin.server.faults.always('api', async (x) => {
    await x.act();
    await x.send(Response.json({ user: 'ada' }));
  });
  expect((await get(page, '/api/a', { method: 'PATCH', body: 'text', headers: { 'X-Own': '1', Range: 'bytes=5-9' } })).status).toBe(200);
  const { method, body, bearer, from, cookie } = last(origin);
  expect({ method, body, from }).toEqual({ method: 'PATCH', body: 'text', from: 'plain' });
  expect(bearer).toMatch(/^Bearer /);
  expect(cookie).not.toBe('');
  await get(page, '/api/b', { credentials: 'omit' });
  expect(last(origin).cookie).toBe('');
  expect(last(origin).bearer).toMatch(/^Bearer /);
});

test('a range request is answered with its range', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  const file = 'abcdefghijklmnopqrstuvwxyz';
  origin.server.faults.always('api', async (x) => {
    const acted = await x.act();
    const [from, to] = (/bytes=(\d+)-(\d+)/.exec(x.entry.range ?? '') ?? []).slice(1).map(Number);
    if (acted.status !== 200 || from === undefined) return x.send(acted);
    await x.send(new Response(file.slice(from, to! + 1), { status: 206, headers: { 'content-range': `bytes ${from}-${to}/26` } }));
  });
  const got = await page.evaluate(async () => {
    const answer = await fetch('/api/file', { headers: { Range: 'bytes=5-9' } });
    return { status: answer.status, text: await answer.text(), range: answer.headers.get('content-range') };
  });
  expect(got).toEqual({ status: 206, text: 'fghij', range: 'bytes 5-9/26' });
});

/** Before its headers are here, Chromium tells no worker of the abort, not even one that only passes requests through. */
test('an aborted request ends at once for the page, and on the wire while its body streams', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  await get(page);
  const barrier = origin.server.faults.hold('api', 'before');
  const outcome = page.evaluate(() => {
    const stop = new AbortController();
    Object.assign(window, { stop });
    return fetch('/api/slow', { signal: stop.signal }).then(
      () => 'answered',
      (error: Error) => error.name,
    );
  });
  await barrier.arrived;
  await page.evaluate(() => (window as never as { stop: AbortController }).stop.abort());
  expect(await outcome).toBe('AbortError');
  barrier.release();

  origin.server.faults.next('api', async (x) => (await x.act(), x.dribble(new Response('x'.repeat(10_000)), () => new Promise((next) => setTimeout(next, 20)))));
  await page.evaluate(async () => {
    const stop = new AbortController();
    const answer = await fetch('/api/endless', { signal: stop.signal });
    stop.abort();
    await answer.text().catch(() => undefined);
  });
  await expect.poll(() => last(origin).gone).toBe(true);
});

test('a keepalive request outlives its page', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  await get(page);
  await page.evaluate(() => {
    addEventListener('pagehide', () => void fetch('/api/beacon', { method: 'POST', body: 'bye', keepalive: true }));
  });
  await page.goto('about:blank');
  await expect.poll(() => last(origin)).toMatchObject({ path: '/api/beacon', body: 'bye', status: 200 });
});

test('a redirect to another origin carries no Authorization; one to the same origin does', async ({ origin }) => {
  const other = await elsewhere();
  await underWorker(origin);
  const page = await plain(origin);
  const to = (location: string) => origin.server.faults.next('api', async (x) => (await x.act(), x.send(new Response(null, { status: 307, headers: { location } }))));
  to(`${other.origin}/stolen`);
  expect((await get(page, '/api/away')).user).toBe('elsewhere');
  expect(other.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  to('/api/me');
  expect(await get(page, '/api/here')).toMatchObject({ status: 200, user: 'ada' });
  other.server.close();
});

test('redirect: error and manual stay as the page wants them', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  const redirect = () => origin.server.faults.next('api', async (x) => (await x.act(), x.send(new Response(null, { status: 302, headers: { location: '/bare' } }))));
  redirect();
  expect(await page.evaluate(() => fetch('/api/r', { redirect: 'manual' }).then(({ type }) => type))).toBe('opaqueredirect');
  redirect();
  expect(await page.evaluate(() => fetch('/api/r', { redirect: 'error' }).catch((error: Error) => error.name))).toBe('TypeError');
});

test('another origin’s API is signed across CORS, and one that is not configured is not', async ({ origin }) => {
  const [api, stranger] = [await elsewhere(), await elsewhere()];
  await underWorker(origin, { apis: [{ origin: api.origin }] });
  const page = await plain(origin);
  await get(page, `${api.origin}/x`);
  await get(page, `${stranger.origin}/x`);
  expect(api.seen[0]!.headers.authorization).toMatch(/^Bearer /);
  expect(stranger.seen[0]!.headers.authorization).toBeUndefined();
  for (const { server } of [api, stranger]) server.close();
});

test('navigations are signed only where configured, GET only, and never across a redirect to another origin', async ({ origin }) => {
  const other = await elsewhere();
  const apis = [{ origin: origin.server.origin, path: '/api' }];
  const tab = await underWorker(origin, { apis });
  const page = await plain(origin);
  await page.goto(`${origin.server.origin}/api/report`);
  expect(last(origin).bearer).toBeUndefined();

  expect(await tab.run('registerWorker', { url: script, apis: apis.map((api) => ({ ...api, navigations: true })), takeOver: true })).toBe('active');
  await page.goto(`${origin.server.origin}/bare`);
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller?.scriptURL)).toContain('navigations');
  await page.goto(`${origin.server.origin}/api/report`);
  expect(last(origin)).toMatchObject({ path: '/api/report', status: 200 });

  await page.goto(`${origin.server.origin}/bare`);
  await page.evaluate(() => {
    const form = document.body.appendChild(document.createElement('form'));
    Object.assign(form, { method: 'post', action: '/api/form' }).submit();
  });
  await page.waitForURL('**/api/form');
  expect(last(origin).bearer).toBeUndefined();

  origin.server.faults.next('api', async (x) => (await x.act(), x.send(new Response(null, { status: 302, headers: { location: `${other.origin}/stolen` } }))));
  await page.goto(`${origin.server.origin}/bare`);
  await page.goto(`${origin.server.origin}/api/away`);
  expect(page.url()).toBe(`${other.origin}/stolen`);
  expect(other.seen.filter(({ url }) => url === '/stolen').map(({ headers }) => headers.authorization)).toEqual([undefined]);
  other.server.close();
});

test('a request that waits for a token goes on under another configuration, and without a token after a sign-out', async ({ origin }) => {
  const apis = [{ origin: origin.server.origin, path: '/api' }];
  const tab = await underWorker(origin, { apis });
  const page = await plain(origin);
  await get(page);
  const waiting = async (path: string) => {
    origin.backend.rest();
    origin.server.api.expireAll();
    await expect.poll(async () => (await tab.run('snapshot')).activity).toBe('idle');
    const refresh = origin.server.faults.hold('refresh', 'before');
    // The page refreshes; a worker that has just been started waits for it.
    void tab.run('refresh');
    await refresh.arrived;
    await stopWorkers(page);
    const asked = get(page, path, { method: 'POST', body: 'kept' });
    await expect.poll(() => page.evaluate(async () => (await navigator.locks.query()).pending!.filter(({ name }) => name!.endsWith('/refresh')).length)).toBe(1);
    return { refresh, asked };
  };
  const first = await waiting('/api/first');
  await tab.run('registerWorker', { url: script, apis: [...apis, { origin: 'https://api.example' }] });
  // Seen by the worker, which goes by the new configuration from here on.
  await page.evaluate(async () => (await fetch('/auth/any')).text());
  first.refresh.release();
  expect(await first.asked).toMatchObject({ status: 200, user: 'ada', echo: 'kept' });

  const second = await waiting('/api/second');
  const out = tab.run('signOut');
  await expect.poll(() => origin.server.journal.of('logout').length).not.toBe(0);
  expect((await second.asked).status).toBe(401);
  expect(last(origin)).toMatchObject({ path: '/api/second', bearer: undefined, body: 'kept' });
  second.refresh.release();
  await out;
});
