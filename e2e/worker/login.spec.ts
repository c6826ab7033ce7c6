/** Logins the worker only sees go by: of pages with the SDK or without it, to the endpoint's mount or elsewhere. */
import type { Page } from '@playwright/test';
import { expect, levels, test } from '../harness/fixtures.js';
import type { Origin } from '../harness/origin.js';
import { get, plain, stopWorkers, underWorker } from './plain.js';

/** As a page without SDK code logs in. */
const login = (page: Page, user: string, path = '/auth/login'): Promise<number> =>
  page.evaluate(
    async ([url, name]) => (await fetch(url!, { method: 'POST', headers: { 'content-type': 'application/json', 'X-Tabaton': '1' }, body: JSON.stringify({ user: name }) })).status,
    [path, user],
  );

/** Whether the worker has written down that somebody may have logged in. */
const doubted = (page: Page): Promise<boolean> =>
  page.evaluate(
    () =>
      new Promise((answer) => {
        const open = indexedDB.open('tabaton');
        open.onsuccess = () => {
          const doubt = open.result.transaction('tabaton').objectStore('tabaton').get(`${location.origin}/auth doubt`);
          doubt.onsuccess = () => (open.result.close(), answer(!!doubt.result));
        };
      }),
  );

/** The application's login is one of the requests for its API. */
const elsewhere = (origin: Origin) =>
  origin.server.faults.always('api', async (x) => {
    const { path, method, body } = x.entry;
    if (path !== '/api/login') return x.send(await x.act());
    await x.send(await origin.backend.handle(new Request(`${origin.server.origin}/auth/login`, { method, body, headers: { 'content-type': 'application/json' } })));
  });

test.describe('plain', () => {
  test.use({ level: 'plain' });

  test('a login outside the mount goes to the network without a token, while a session lives and after the server ended it', async ({ origin }) => {
    const endpoint = { refresh: '/auth/refresh', logout: '/auth/logout', login: '/api/login' };
    await underWorker(origin, {}, { endpoint });
    const page = await plain(origin);
    expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
    elsewhere(origin);
    expect(await login(page, 'ada', '/api/login')).toBe(200);
    expect(origin.server.journal.of('api').at(-1)).toMatchObject({ path: '/api/login', bearer: undefined });

    origin.server.api.expireAll();
    origin.server.faults.next('refresh', (x) => x.send(Response.json({ error: 'invalid_grant' }, { status: 400 })));
    expect(await get(page)).toMatchObject({ status: 401, error: 'session_ended' });
    origin.server.journal.clear();
    expect(await login(page, 'eve', '/api/login')).toBe(200);
    expect(origin.server.journal.of('api').map(({ path, bearer }) => [path, bearer])).toEqual([['/api/login', undefined]]);
    const again = await origin.open('again', { endpoint });
    expect(await again.run('start')).toEqual({ ok: true });
    expect(await get(page)).toMatchObject({ status: 200, user: 'eve' });
  });

  test('after a sign-out the worker hears of logins as before: those it cannot see, too', async ({ origin }) => {
    const tab = await underWorker(origin, {}, { endpoint: { refresh: '/auth/refresh', logout: '/auth/logout' } });
    const page = await plain(origin);
    expect(await get(page)).toMatchObject({ user: 'ada' });
    expect(await tab.run('signOut')).toEqual({ ok: true });
    expect((await get(page)).status).toBe(401);
    for (const user of ['eve', 'ada']) {
      expect(await tab.run('login', user)).toEqual({ ok: true });
      origin.server.journal.clear();
      expect(await get(page)).toMatchObject({ status: 200, user });
      expect(origin.server.refreshes(), 'the page has the token').toHaveLength(0);
    }
  });

  test('a sign-out without SDK code: asked about when it is over, although a page holds a token still', async ({ origin }) => {
    const tab = await underWorker(origin);
    const page = await plain(origin);
    expect(await get(page)).toMatchObject({ user: 'ada' });
    await page.evaluate(async () => (await fetch('/auth/logout', { method: 'POST' })).text());
    expect(origin.server.refreshes(), 'not beside it').toHaveLength(0);
    await origin.browser.serviceWorkers()[0]!.evaluate(() => {
      const { now } = Date;
      Date.now = () => now() + 10_001;
    });
    origin.server.journal.clear();
    expect((await get(page)).status).toBe(401);
    expect(origin.server.journal.of('api').filter(({ bearer }) => bearer)).toEqual([]);
    expect(origin.server.refreshes()).toHaveLength(1);
    await expect.poll(async () => (await tab.run('snapshot')).status).toBe('ended');
  });
});

for (const level of levels)
  test.describe(`a login without SDK code, ${level}`, () => {
    test.use({ level });

    test('by fetch: what follows is signed as the new user, for one question', async ({ origin }) => {
      const tab = await underWorker(origin);
      const page = await plain(origin);
      expect(await get(page)).toMatchObject({ user: 'ada' });
      expect(origin.server.refreshes()).toHaveLength(0);
      await login(page, 'eve');
      expect(await Promise.all([1, 2, 3].map(() => get(page)))).toMatchObject([{ user: 'eve' }, { user: 'eve' }, { user: 'eve' }]);
      expect(await get(page)).toMatchObject({ user: 'eve' });
      expect(origin.server.refreshes()).toHaveLength(1);
      expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { user: 'eve' } });
      expect(origin.server.refreshes()).toHaveLength(1);
    });

    test('by a form: also where the worker was stopped before', async ({ origin }) => {
      await underWorker(origin);
      const page = await plain(origin);
      expect(await get(page)).toMatchObject({ user: 'ada' });
      // No browser form speaks JSON.
      origin.server.faults.next('login', async (x) =>
        x.send(await origin.backend.handle(new Request(`${origin.server.origin}/auth/login`, { method: 'POST', body: '{"user":"eve"}', headers: { 'content-type': 'application/json', 'X-Tabaton': '1', 'sec-fetch-site': 'same-origin' } }))),
      );
      await stopWorkers(page);
      await page.evaluate(() => {
        const form = document.body.appendChild(document.createElement('form'));
        Object.assign(form, { method: 'post', action: '/auth/login' }).submit();
      });
      await page.waitForURL('**/auth/login');
      await page.goto(`${origin.server.origin}/bare?name=plain`);
      expect(await get(page)).toMatchObject({ status: 200, user: 'eve' });
    });

    test('by fetch, with the worker stopped before it could ask: a page that holds the token of before does not answer for the login', async ({ origin }) => {
      await underWorker(origin);
      const page = await plain(origin);
      expect(await get(page)).toMatchObject({ user: 'ada' });
      await login(page, 'eve');
      await expect.poll(() => doubted(page)).toBe(true);
      await stopWorkers(page);
      expect(await get(page)).toMatchObject({ status: 200, user: 'eve' });
      expect(origin.server.refreshes()).toHaveLength(1);
    });

    test('after the server ended a session, and of a visitor', async ({ origin }) => {
      const tab = await underWorker(origin);
      const page = await plain(origin);
      expect(await get(page)).toMatchObject({ user: 'ada' });
      await tab.close();
      origin.server.api.expireAll();
      origin.backend.rest();
      origin.server.faults.next('refresh', (x) => x.send(Response.json({ error: 'invalid_grant', session: 'ended', reason: 'revoked' }, { status: level === 'full' ? 401 : 400 })));
      expect(await get(page)).toMatchObject({ status: 401, error: 'session_ended' });
      await login(page, 'eve');
      expect(await get(page)).toMatchObject({ status: 200, user: 'eve' });
      await origin.open('leaves').then((leaves) => leaves.run('signOut'));
      expect((await get(page)).status).toBe(401);
      expect(origin.server.journal.of('api').at(-1)!.bearer).toBeUndefined();
      await login(page, 'ada');
      expect(await get(page)).toMatchObject({ status: 200, user: 'ada' });
    });

    test('that fails, and what else is asked of the endpoint, changes nobody', async ({ origin }) => {
      const tab = await underWorker(origin);
      const page = await plain(origin);
      expect(await get(page)).toMatchObject({ user: 'ada' });
      await tab.run('refresh');
      origin.server.journal.clear();
      expect(await get(page)).toMatchObject({ user: 'ada' });
      expect(origin.server.refreshes(), 'a refresh of a page is no login').toHaveLength(0);
      origin.server.faults.next('login', (x) => x.send(Response.json({}, { status: 403 })));
      expect(await login(page, 'eve')).toBe(403);
      for (let n = 0; n < 3; n += 1) expect(await get(page)).toMatchObject({ user: 'ada' });
      expect(origin.server.refreshes()).toHaveLength(1);
    });
  });

test('while the endpoint cannot say who has logged in, nothing is signed as the user before', async ({ origin }) => {
  await underWorker(origin);
  const page = await plain(origin);
  expect(await get(page)).toMatchObject({ user: 'ada' });
  await login(page, 'eve');
  origin.server.faults.next('refresh', (x) => x.send(Response.json({ error: 'temporarily_unavailable' }, { status: 503, headers: { 'retry-after': '120' } })));
  expect(await get(page)).toMatchObject({ status: 503, error: 'refresh_unavailable' });
  expect(origin.server.journal.of('api')).toHaveLength(1);
});
