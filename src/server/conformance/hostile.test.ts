/** 100,000 hostile requests: only refusals, nothing changed, nothing kept. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { systemClock, type ServerClock } from '../clock.js';
import type { FamilyRecord } from '../families/family.js';
import type { TokenManager } from '../manager/token-manager.js';
import type { EndpointEvent } from '../observe.js';
import type { Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { site, TestBrowser } from '../testing/site.js';
import { hostileRequests } from './hostile-requests.js';

const TOTAL = 100_000;
const EARLY = 10_000;
const WRITES = ['create', 'present', 'mint', 'commit', 'intend', 'forget', 'watch', 'end', 'append', 'put'] as const;

/** Resident bytes once everything unreachable is gone: what a leak would raise. */
function residentBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let round = 0; round < 4; round += 1) collect();
  return process.memoryUsage.rss();
}

/** What the documentation lets anybody have: who is signed in (nobody), the keys, a page, a sign-out of nothing, a code nobody has approved. */
function harmless(method: string, path: string, status: number): boolean {
  // Outside of the mount there is only the page for people who lost their way.
  const place = path.startsWith('/auth/') ? path.slice(5).replace(/\/$/, '') : '';
  if (method === 'POST') return ['/logout', '/device'].includes(place) && status === 200;
  if (method !== 'GET') return false;
  if (place === '/login') return status === 200 || status === 303;
  if (place === '/events') return status === 204;
  return status === 200 && ['', '/session', '/jwks'].includes(place);
}

/** A memory store that writes down what is written to it. */
function watchedStore(clock: ServerClock) {
  const store = memoryStore({ clock });
  const seen = { store, writes: [] as string[], family: undefined as FamilyRecord | undefined, watched: { ...store } as Store };
  for (const name of WRITES) {
    const write = store[name] as (...args: unknown[]) => unknown;
    const watch = (...args: unknown[]) => {
      seen.writes.push(name);
      if (name === 'create') seen.family = args[0] as FamilyRecord;
      return write(...args);
    };
    Object.assign(seen.watched, { [name]: watch });
  }
  return seen;
}

/** As an application reads it, in good faith: it asks for no Content-Type, and takes what it gets for an object. */
async function authenticate(request: Request) {
  const { user, password } = (await request.json()) as { user?: string; password?: string };
  return user !== undefined && password === 'right' ? { sub: user } : null;
}

test('100,000 generated hostile requests: only 4xx, state unchanged, memory flat', { timeout: 240_000 }, async () => {
  const clock = systemClock();
  const faults: unknown[] = [];
  const [seen, other] = [watchedStore(clock), watchedStore(clock)];
  const common = {
    clock,
    services: { tokens: { get: async () => Promise.reject(new Error('No service is known.')) } as unknown as TokenManager, clients: { reports: 'x'.repeat(32) } },
    // A refused login need not take its time, and is soon one too many: 429 is among what is looked for.
    limits: { loginPaceMs: 1, loginFailuresPerMinute: 1 },
    observe: (event: EndpointEvent) => void (event.type === 'fault' && faults.push(event)),
  };
  const one = site({ ...common, store: seen.watched, authenticate, deviceGrant: { page: '/device' } });
  // The same origin, signed in by a provider instead.
  const issuer = 'https://id.example';
  const metadata = { jwks_uri: `${issuer}/jwks`, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token` };
  const mediated = site({
    ...common,
    store: other.watched,
    authenticate: undefined,
    upstream: { issuer, clientId: 'tabaton', clientSecret: 's', metadata, fetch: async () => Response.json({ keys: [] }) },
  });
  const browser = new TestBrowser(one);
  await browser.login();
  const before = JSON.stringify(await seen.store.read(seen.family!.id));
  seen.writes = [];

  const next = hostileRequests(one.origin, 20_261_121, browser.cookieHeader);
  const statuses = new Map<number, number>();
  const odd: string[] = [];
  let early = 0;
  for (let sent = 1; sent <= TOTAL; sent += 1) {
    const { request, told } = next();
    const { method, url } = request;
    const { pathname } = new URL(url);
    const written = seen.writes.length;
    const response = await (sent % 2 ? one : mediated).endpoint(request, { address: '10.0.0.1' });
    const { status } = response;
    if (response.body) await response.text();
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const refused = status >= 400 && status < 500;
    if (!refused && !harmless(method, pathname, status)) odd.push(`request ${sent}: ${status} for ${told()}`);
    // A code for a device is noted for ten minutes, a sign-in under way in a cookie of its own.
    if (pathname === '/auth/device' && status === 200) seen.writes.length = written;
    const way = pathname === '/auth/login' && status === 303 ? /Max-Age=0|tabaton-tx\./ : /Max-Age=0/;
    if (response.headers.getSetCookie().some((line) => !way.test(line))) odd.push(`request ${sent} got a cookie: ${told()}`);
    if (sent === EARLY) early = residentBytes();
  }
  const late = residentBytes();
  expect(odd.slice(0, 5)).toEqual([]);
  expect([seen.writes, other.writes]).toEqual([[], []]);
  expect(JSON.stringify(await seen.store.read(seen.family!.id))).toBe(before);
  expect((await browser.call('GET', '/session')).body).toMatchObject({ active: true, sub: 'ada' });
  // The gate, the parsers, the logins and the routes of devices, services and the provider were all reached.
  for (const status of [303, 400, 401, 403, 404, 405, 429]) expect(statuses.get(status), `${status}`).toBeGreaterThan(20);
  expect(faults).toEqual([]);
  expect(late, `RSS was ${early} after ${EARLY} and ${late} after ${TOTAL}`).toBeLessThanOrEqual(early * 1.1);
});

test('the generator gives the same requests for the same seed, and others for another', () => {
  const told = (seed: number) => {
    const next = hostileRequests('https://app.example', seed);
    return Array.from({ length: 50 }, () => next().told());
  };
  expect(told(7)).toEqual(told(7));
  expect(told(7)).not.toEqual(told(8));
});
