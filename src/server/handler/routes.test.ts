import { describe, expect, test } from 'vitest';
import { site, TestBrowser } from '../testing/site.js';
import { routes } from './routes.js';

const all = Object.entries(routes).flatMap(([path, methods]) => Object.entries(methods).map(([method, route]) => ({ name: `${method} ${path}`, ...route! })));
const named = (of: (route: (typeof all)[number]) => boolean) => all.filter(of).map(({ name }) => name).sort();

describe('the table of routes', () => {
  test('what changes something obeys the whole rule against forgery, but for those whose callers are no browsers', () => {
    const writes = ({ name }: { name: string }) => !name.startsWith('GET');
    expect(named((route) => writes(route) && route.guard !== 'foreign')).toEqual(['POST /backchannel-logout', 'POST /token']);
  });
  test('another site may read keys, and begin and end a sign-in', () => {
    expect(named(({ name, guard }) => name.startsWith('GET') && guard !== 'cross-site')).toEqual(['GET /callback', 'GET /jwks', 'GET /login']);
  });
  test('what has to wait for others than the store may take longer than a refresh', () => {
    expect(named(({ bounded }) => !bounded)).toEqual(['GET /callback', 'GET /events', 'GET /login', 'POST /backchannel-logout', 'POST /device/token', 'POST /login', 'POST /token']);
  });
});

describe('what is observed as refused', () => {
  test('is an answer that refuses, not one that says how a session stands', async () => {
    const one = site();
    const browser = new TestBrowser(one);
    const { sid } = (await browser.login()).body;
    const stale = new Map(browser.jar);
    await one.clock.advance(36_000);
    await browser.refresh({ have: 1 });
    for (const [name, value] of stale) browser.jar.set(name, value);
    await one.clock.advance(60_000);
    const seen = one.events.length;
    expect(await browser.call('GET', '/session')).toMatchObject({ status: 200, body: { active: false, reason: 'stale' } });
    expect(one.events.slice(seen)).toEqual([]);
    await one.endpoint.revoke({ sub: 'ada' });
    expect((await browser.call('GET', '/session')).body).toMatchObject({ active: false, reason: 'revoked', sid });
    await browser.call('GET', '/nowhere');
    expect(one.events.slice(seen)).toMatchObject([{ type: 'ended', reason: 'revoked' }, { type: 'refused', route: 'unknown', status: 404 }]);
  });
});
