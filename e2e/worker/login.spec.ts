/** Logins the worker only sees go by: of pages with the SDK or without it, to the endpoint's mount or elsewhere. */
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixtures.js';
import type { Origin } from '../harness/origin.js';
import { get, plain, underWorker } from './plain.js';

/** As a page without SDK code logs in. */
const login = (page: Page, user: string, path = '/auth/login'): Promise<number> =>
  page.evaluate(
    async ([url, name]) => (await fetch(url!, { method: 'POST', headers: { 'content-type': 'application/json', 'X-Tabaton': '1' }, body: JSON.stringify({ user: name }) })).status,
    [path, user],
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
});
