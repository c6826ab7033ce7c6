/** 100,000 hostile requests: only refusals, nothing changed, nothing kept. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { systemClock } from '../clock.js';
import type { FamilyRecord } from '../families/family.js';
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

/** What the documentation lets anybody have: who is signed in (nobody), the keys, a page, a sign-out of nothing. */
function harmless(method: string, path: string, status: number): boolean {
  // Outside of the mount there is only the page for people who lost their way.
  const place = path.startsWith('/auth/') ? path.slice(5).replace(/\/$/, '') : '';
  if (method === 'POST') return place === '/logout' && status === 200;
  if (method !== 'GET') return false;
  if (place === '/login') return status === 200 || status === 303;
  if (place === '/events') return status === 204;
  return status === 200 && ['', '/session', '/jwks'].includes(place);
}

test('100,000 generated hostile requests: only 4xx, state unchanged, memory flat', { timeout: 240_000 }, async () => {
  const clock = systemClock();
  const store = memoryStore({ clock });
  let writes: string[] = [];
  let family: FamilyRecord | undefined;
  const watched: Store = { ...store };
  for (const name of WRITES) {
    const write = store[name] as (...args: unknown[]) => unknown;
    const watch = (...args: unknown[]) => {
      writes.push(name);
      if (name === 'create') family = args[0] as FamilyRecord;
      return write(...args);
    };
    Object.assign(watched, { [name]: watch });
  }
  let mayLogIn = true;
  const faults: unknown[] = [];
  const one = site({
    clock,
    store: watched,
    authenticate: async () => (mayLogIn ? { sub: 'ada' } : null),
    // A refused login is not what is measured here; it need not take its time.
    limits: { loginPaceMs: 1 },
    observe: (event) => event.type === 'fault' && faults.push(event),
  });
  const browser = new TestBrowser(one);
  await browser.login();
  mayLogIn = false;
  const before = JSON.stringify(await store.read(family!.id));
  writes = [];

  const next = hostileRequests(one.origin, 20_261_121, browser.cookieHeader);
  const statuses = new Map<number, number>();
  const odd: string[] = [];
  let early = 0;
  for (let sent = 1; sent <= TOTAL; sent += 1) {
    const { request, told } = next();
    const { method, url } = request;
    const response = await one.endpoint(request, { address: `10.0.0.${sent % 8}` });
    const { status } = response;
    if (response.body) await response.text();
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const refused = status >= 400 && status < 500;
    if (!refused && !harmless(method, new URL(url).pathname, status)) odd.push(`request ${sent}: ${status} for ${told()}`);
    if (response.headers.getSetCookie().some((line) => !/Max-Age=0/.test(line))) odd.push(`request ${sent} got a cookie: ${told()}`);
    if (sent === EARLY) early = residentBytes();
  }
  const late = residentBytes();
  expect(odd.slice(0, 5)).toEqual([]);
  expect(writes).toEqual([]);
  expect(JSON.stringify(await store.read(family!.id))).toBe(before);
  expect((await browser.call('GET', '/session')).body).toMatchObject({ active: true, sub: 'ada' });
  // The gate, the parsers and the login were all reached.
  for (const status of [400, 403, 404, 405, 429]) expect(statuses.get(status), `${status}`).toBeGreaterThan(20);
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
