import { describe, expect, test } from 'vitest';
import type { EndpointOptions } from '../config/endpoint-options.js';
import type { EndpointEvent } from '../observe.js';
import type { Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import { familyOf } from '../manager/manager-key.js';
import { createTokenManager } from '../manager/token-manager.js';
import type { TokenManagerOptions } from '../manager/manager-options.js';
import { fakeClock } from '../testing/fake-clock.js';
import { OneTimeService } from '../testing/one-time-service.js';
import { KEY, site, TestBrowser } from '../testing/site.js';
import { UpstreamError } from '../upstream/upstream.js';
import { activity } from './activity.js';
import { tokenBucket } from './token-bucket.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function world(options: Partial<TokenManagerOptions> = {}) {
  const clock = fakeClock(Date.UTC(2026, 0, 5, 9));
  const store = memoryStore({ clock });
  const service = new OneTimeService(15 * MINUTE);
  const events: EndpointEvent[] = [];
  const node = () =>
    createTokenManager({ store, upstream: service, keys: KEY, clock, batchCallsPerSecond: 10_000, patienceMs: HOUR, observe: (event) => events.push(event), ...options });
  const users = async (count: number) => {
    const manager = node();
    for (let n = 0; n < count; n += 1) await manager.get({ client: 'c', user: `u${n}` });
  };
  return { clock, store, service, events, node, users };
}
/** Runs work that waits on fake timers and on real threads. */
async function finish<T>(clock: { advance(ms: number): Promise<void> }, work: Promise<T>, stepMs = 10): Promise<T> {
  let done = false;
  const watched = work.finally(() => (done = true));
  while (!done) {
    // Encryption and decryption run on real threads: they get their turn before time moves on.
    await new Promise((resolve) => setTimeout(resolve, 1));
    await clock.advance(stepMs);
  }
  return watched;
}

describe('refreshDue', () => {
  test('refreshes what is due, and nothing else', async () => {
    const { clock, service, node, users } = world();
    await users(3);
    expect(await finish(clock, node().refreshDue())).toMatchObject({ claimed: 0, refreshed: 0 });
    await clock.advance(11 * MINUTE);
    expect(await finish(clock, node().refreshDue())).toEqual({ claimed: 3, refreshed: 3, fresh: 0, ended: 0, failed: 0, stopped: false });
    expect(service).toMatchObject({ grants: 3, refreshes: 3, spentTwice: 0 });
    expect(await finish(clock, node().refreshDue())).toMatchObject({ claimed: 0 });
  });
  test('leaves to another manager of the store what is that one’s: its refresh tokens go to no other service', async () => {
    const one = world({ namespace: 'mail' });
    await one.users(2);
    const service = new OneTimeService(15 * MINUTE);
    const other = createTokenManager({ store: one.store, upstream: service, keys: KEY, clock: one.clock, namespace: 'files', patienceMs: HOUR });
    const web = site({ clock: one.clock, store: one.store, upstream: service });
    await one.clock.advance(11 * MINUTE);
    for (const stranger of [() => other.refreshDue(), () => web.endpoint.refreshDue()])
      expect(await finish(one.clock, stranger())).toMatchObject({ claimed: 0, refreshed: 0 });
    expect(service).toMatchObject({ grants: 0, refreshes: 0 });
    expect(await finish(one.clock, one.node().refreshDue())).toMatchObject({ claimed: 2, refreshed: 2 });
    expect(one.service).toMatchObject({ refreshes: 2, spentTwice: 0 });
    // Nor does a stranger take from the queue what nobody has used lately.
    await one.clock.advance(48 * HOUR);
    await finish(one.clock, other.refreshDue());
    expect((await one.store.read(await familyOf('mail', { client: 'c', user: 'u0' })))?.dueAt).not.toBeNull();
  });
  test('leaves to another endpoint of the store what is that one’s: its provider would refuse the token, and the session be over', async () => {
    const clock = fakeClock();
    const store = memoryStore({ clock });
    const [ours, theirs] = [new OneTimeService(15 * MINUTE), new OneTimeService(15 * MINUTE)];
    const app = site({ clock, store, upstream: ours });
    const browser = new TestBrowser(app);
    await browser.login();
    await clock.advance(11 * MINUTE);
    const others: [string, Partial<EndpointOptions>][] = [
      ['another origin', { upstream: theirs, publicOrigin: 'https://staff.example' }],
      ['another mount', { upstream: theirs, mount: '/staff/auth' }],
      ['another provider', { upstream: { issuer: 'https://id.example', clientId: 'app' }, authenticate: undefined }],
      ['no provider: it would keep the session claimed', { issuer: { url: 'https://own.example' } }],
    ];
    for (const [what, options] of others) {
      expect([what, await finish(clock, site({ clock, store, ...options }).endpoint.refreshDue())]).toMatchObject([what, { claimed: 0, ended: 0 }]);
    }
    expect(theirs.refreshes).toBe(0);
    expect(await finish(clock, app.endpoint.refreshDue())).toMatchObject({ claimed: 1, refreshed: 1 });
    expect(await browser.refresh({ reason: 'startup' })).toMatchObject({ status: 200 });
  });
  test('is not held up by what others have due in the same store, however much that is', async () => {
    const one = world({ namespace: 'mail' });
    await one.users(2);
    await one.clock.advance(11 * MINUTE);
    const other = createTokenManager({ store: one.store, upstream: new OneTimeService(MINUTE), keys: KEY, clock: one.clock, namespace: 'files', patienceMs: HOUR });
    for (let n = 0; n < 30; n += 1) await other.get({ client: 'c', user: `u${n}` });
    expect(await finish(one.clock, one.node().refreshDue({ limit: 10 }))).toMatchObject({ claimed: 2, refreshed: 2 });
  });
  test('four at once share the work: each family is refreshed once', async () => {
    const { clock, service, node, users } = world();
    await users(200);
    await clock.advance(12 * MINUTE);
    const workers = [node(), node(), node(), node()].map(async (one) => {
      let refreshed = 0;
      for (;;) {
        const report = await one.refreshDue({ limit: 10 });
        if (report.claimed === 0) return refreshed;
        refreshed += report.refreshed;
      }
    });
    const counts = await finish(clock, Promise.all(workers));
    expect(counts.reduce((sum, count) => sum + count)).toBe(200);
    expect(service).toMatchObject({ refreshes: 200, spentTwice: 0 });
  });
  test('what a dead process had claimed comes back when its claim lapses', async () => {
    const { clock, store, node, users } = world();
    await users(2);
    await clock.advance(12 * MINUTE);
    await store.claimDue({ service: 'service:default', withinMs: 5 * MINUTE, limit: 10, leaseMs: 2 * MINUTE, seenWithinMs: HOUR });
    expect(await finish(clock, node().refreshDue())).toMatchObject({ claimed: 0 });
    await clock.advance(2 * MINUTE);
    expect(await finish(clock, node().refreshDue())).toMatchObject({ refreshed: 2 });
  });
  test('one bad row never stops the batch: neither a dead grant, nor garbage, nor an exception', async () => {
    const { clock, store, events, users } = world();
    await users(5);
    await clock.advance(12 * MINUTE);
    const bad = ['u1', 'u2', 'u3'];
    const upstream = {
      grant: async () => ({ accessToken: 'x', refreshToken: 'x', expiresInMs: MINUTE }),
      refresh: async (tokens: { refreshToken?: string }) => {
        const user = bad.findIndex((name) => tokens.refreshToken!.includes(`"${name}"`));
        if (user === 0) throw new UpstreamError('invalid_grant', 'Gone.');
        if (user === 1) return null as never;
        if (user === 2) throw new TypeError('boom');
        return { accessToken: 'new', expiresInMs: 15 * MINUTE };
      },
    };
    const node = createTokenManager({ store, upstream, keys: KEY, clock, observe: (event) => events.push(event) });
    const report = await finish(clock, node.refreshDue());
    expect(report).toMatchObject({ claimed: 5, refreshed: 2, ended: 1, failed: 2, stopped: false });
    expect(events.filter((event) => event.type === 'batch')).toHaveLength(5);
  });
  test('a broken record in the store is one failure, not the end', async () => {
    const { clock, store, users } = world();
    await users(3);
    await clock.advance(12 * MINUTE);
    const [broken] = await store.claimDue({ service: 'service:default', withinMs: 5 * MINUTE, limit: 1, leaseMs: 1, seenWithinMs: HOUR });
    await clock.advance(1);
    const failing: Store = { ...store, read: async (id) => (id === broken ? Promise.reject(new SyntaxError('row')) : store.read(id)) };
    const node = createTokenManager({ store: failing, upstream: new OneTimeService(), keys: KEY, clock, observe: () => {} });
    const report = await finish(clock, node.refreshDue());
    expect(report).toMatchObject({ claimed: 3, failed: 1 });
  });
  test('a provider that is down is left alone after five outages, for as long as it asks', async () => {
    const { clock, service, node, users } = world();
    await users(40);
    await clock.advance(12 * MINUTE);
    service.fail = new UpstreamError('unavailable', 'No.', { retryAfterMs: 7_000 });
    const manager = node();
    const report = await finish(clock, manager.refreshDue({ parallel: 1 }), 500);
    expect(report).toMatchObject({ claimed: 40, failed: 5, stopped: true });
    expect(service.refreshes).toBe(5);
    service.fail = null;
    await clock.advance(2 * MINUTE);
    expect(await finish(clock, manager.refreshDue())).toMatchObject({ refreshed: 40 });
  });
  test('a key nobody has used lately leaves the queue, and comes back when it is used', async () => {
    const { clock, service, node, users } = world();
    await users(1);
    await clock.advance(49 * HOUR);
    expect(await finish(clock, node().refreshDue())).toMatchObject({ claimed: 0 });
    await clock.advance(10 * MINUTE);
    expect(await finish(clock, node().refreshDue({ seenWithin: 1_000 * HOUR }))).toMatchObject({ claimed: 0 });
    await node().get({ client: 'c', user: 'u0' });
    await clock.advance(12 * MINUTE);
    expect(await finish(clock, node().refreshDue())).toMatchObject({ refreshed: 1 });
    expect(service).toMatchObject({ grants: 1, refreshes: 2 });
  });
  test('sessions of browsers: only those seen lately, the last seen first, and the idle expiry does not slide', async () => {
    const clock = fakeClock();
    const service = new OneTimeService(15 * MINUTE);
    const order: string[] = [];
    const one = site({
      clock,
      store: memoryStore({ clock }),
      authenticate: async (request) => {
        const { user } = (await request.json()) as { user: string };
        return { sub: user, tokens: await service.grant({ client: 'web', user }) };
      },
      upstream: {
        refresh: (tokens, signal) => {
          order.push(/"web","(\w+)"/.exec(tokens.refreshToken!)![1]!);
          return service.refresh(tokens, signal);
        },
      },
    });
    const browsers = new Map<string, TestBrowser>();
    for (const user of ['old', 'ada', 'bob']) {
      const browser = new TestBrowser(one);
      await browser.login(user);
      browsers.set(user, browser);
      await clock.advance(user === 'old' ? 40 * MINUTE : MINUTE);
    }
    await clock.advance(12 * MINUTE);
    const until = (await browsers.get('bob')!.call('GET', '/session')).body['refresh_expires_in'];
    expect(await finish(clock, one.endpoint.refreshDue({ parallel: 1 }))).toMatchObject({ claimed: 2, refreshed: 2 });
    expect(order).toEqual(['bob', 'ada']);
    expect((await browsers.get('bob')!.call('GET', '/session')).body['refresh_expires_in']).toBeLessThanOrEqual(until as number);
    // The browser gets what the batch has brought, without a call of its own.
    expect(await browsers.get('bob')!.refresh({ reason: 'startup', have: 1 })).toMatchObject({ body: { gen: 2 } });
    expect(service.refreshes).toBe(2);
  });
});

describe('the token bucket', () => {
  test('lets a burst through, then keeps its pace', async () => {
    const clock = fakeClock();
    const bucket = tokenBucket(clock, { perSecond: 10, burst: 5 });
    const taken: number[] = [];
    const all = Array.from({ length: 15 }, async () => (await bucket.take(), taken.push(clock.now())));
    await clock.advance(0);
    expect(taken).toHaveLength(5);
    await clock.advance(500);
    expect(taken).toHaveLength(10);
    await clock.advance(500);
    await Promise.all(all);
    await clock.advance(60_000);
    expect(await Promise.all(Array.from({ length: 5 }, () => bucket.take()))).toHaveLength(5);
  });
  test('hands out nothing while it is paused, to those in line either', async () => {
    const clock = fakeClock();
    const bucket = tokenBucket(clock, { perSecond: 10, burst: 1 });
    await bucket.take();
    let taken = false;
    void bucket.take().then(() => (taken = true));
    bucket.pause(7_000);
    await clock.advance(6_999);
    expect(taken).toBe(false);
    await clock.advance(1);
    expect(taken).toBe(true);
  });
});

describe('preload', () => {
  test('the histogram tells nine o’clock people from night owls', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 5, 9));
    const store = memoryStore({ clock });
    const [one, two] = [activity(store), activity(store)];
    for (let day = 0; day < 5; day += 1) {
      // Several requests, several processes: one visit.
      for (const seen of [one, two, one]) await seen.seen('ada', clock.now() + 10 * MINUTE);
      if (day === 0) await one.seen('ada', clock.now() + 6 * HOUR);
      await clock.advance(24 * HOUR);
    }
    expect(await store.get('activity:ada')).toMatch(/^\d+:000000000500000100000000$/);
    expect(await one.expected('ada', clock.now())).toBe(true);
    expect(await one.expected('ada', clock.now() + 6 * HOUR)).toBe(false);
    expect(await one.expected('ada', clock.now() - 6 * HOUR)).toBe(false);
    expect(await one.expected('nobody', clock.now())).toBe(false);
  });
  test('takes nobody away from refreshDue: who is there now without the habit is refreshed ahead', async () => {
    const { clock, service, node, users } = world();
    await users(3);
    await clock.advance(11 * MINUTE);
    expect(await finish(clock, node().preload())).toMatchObject({ claimed: 0 });
    expect(await finish(clock, node().refreshDue())).toMatchObject({ claimed: 3, refreshed: 3 });
    expect(service).toMatchObject({ refreshes: 3, spentTwice: 0 });
  });
  test('old habits fade: counts are halved when one is full', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 5, 9));
    const store = memoryStore({ clock });
    const habits = activity(store);
    for (let day = 0; day < 36; day += 1) {
      if (day < 9) await habits.seen('ada', clock.now() - 6 * HOUR);
      await habits.seen('ada', clock.now());
      await clock.advance(24 * HOUR);
    }
    expect(await store.get('activity:ada')).toMatch(/^\d+:000400000i00000000000000$/);
  });
  test('finds those who come at nine behind everybody who was there since', async () => {
    const { clock, service, node } = world();
    const manager = node();
    const visit = async (from: number, to: number) => {
      for (let n = from; n < to; n += 1) await manager.get({ client: 'c', user: `u${n}` });
    };
    for (let day = 0; day < 3; day += 1) {
      await visit(0, 5);
      await clock.advance(9 * HOUR);
      await visit(5, 40);
      await clock.advance(15 * HOUR);
    }
    await clock.advance(-10 * MINUTE);
    const before = service.refreshes;
    expect(await finish(clock, manager.preload({ limit: 10 }), 500)).toMatchObject({ claimed: 5, refreshed: 5, failed: 0 });
    expect(service.refreshes - before).toBe(5);
    // The others are due as before.
    expect(await finish(clock, manager.refreshDue({ limit: 50 }))).toMatchObject({ claimed: 35 });
  });
  test('refreshes before nine those who come at nine, spread out, and leaves the others alone', async () => {
    const { clock, service, node } = world();
    const keys = Array.from({ length: 12 }, (_, n) => ({ client: 'c', user: `u${n}` }));
    for (let day = 0; day < 3; day += 1) {
      for (const key of keys.slice(0, 10)) await node().get(key);
      await clock.advance(9 * HOUR);
      for (const key of keys.slice(10)) await node().get(key);
      await clock.advance(15 * HOUR);
    }
    await clock.advance(-10 * MINUTE);
    const before = service.refreshes;
    const started = clock.now();
    const moments: number[] = [];
    const refresh = service.refresh;
    Object.assign(service, { refresh: (...args: Parameters<typeof refresh>) => (moments.push(clock.now() - started), refresh(...args)) });
    const report = await finish(clock, node().preload({ before: 10 * MINUTE, spread: 5 * MINUTE }), 500);
    expect(report).toMatchObject({ claimed: 10, refreshed: 10, failed: 0 });
    expect(service.refreshes - before).toBe(10);
    expect(Math.max(...moments)).toBeLessThan(10 * MINUTE);
    // Two chunks of 8 and 2, each at a time of its own.
    expect(Math.max(...moments) - Math.min(...moments)).toBeGreaterThan(0);
    await clock.advance(started + 10 * MINUTE - clock.now());
    for (const key of keys.slice(0, 10)) await node().get(key);
    expect(service.refreshes - before).toBe(10);
  });
});
