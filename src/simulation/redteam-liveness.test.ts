/**
 * The timelines that broke an earlier design, each played against the endpoint's own decisions (model-backend.ts).
 * Numbers are those of the review; what concerns only the endpoint is tested there.
 */
import { describe, expect, it } from 'vitest';
import { generation, stage } from './testing/stage.js';

it('redteam 10: a lock that was granted to a frozen waiter is overtaken after D + 2 s, though nobody wrote a hold', async () => {
  const { tabs, origin, settle, sent } = await stage();
  const [frozen, waiter] = await tabs(2);
  await origin.advance(60_000);
  const request = frozen!.context.ports.locks.request('tabaton/https://app.test/auth/refresh');
  void request.granted;
  frozen!.context.stop();
  const started = origin.now();
  expect((await settle(waiter!.session.getToken())).value).toBeTruthy();
  expect(origin.now() - started).toBeGreaterThan(12_000);
  expect(origin.now() - started).toBeLessThan(14_000);
  expect(sent).toHaveLength(2);
});

it('redteam 11: who waits for an orphan is healthy and is not overtaken', async () => {
  const { tabs, origin, settle, refreshes, backend } = await stage({ plain: true });
  const all = await tabs(4);
  const overtakes: number[] = [];
  for (const { session } of all) session.on('overtake', ({ at }) => overtakes.push(at));
  await origin.advance(60_000);
  const waits = all.map(({ session }) => session.getToken());
  for (const wait of waits) wait.catch(() => {});
  expect(await origin.until(() => refreshes().length === 2)).toBe(true);
  const dead = all.findIndex(({ context }) => context.name === refreshes()[1]!.request.context);
  all[dead]!.context.crash();
  const rest = waits.filter((_, index) => index !== dead);
  expect((await settle(Promise.all(rest))).value).toHaveLength(3);
  expect(overtakes).toEqual([]);
  expect(refreshes()).toHaveLength(3);
  expect(backend.sessions().map(({ over }) => over)).toEqual([undefined]);
});

it('redteam 13: a ledger lost while tabs live goes on from what they know, the sign-out included', async () => {
  const { tabs, origin, settle, login, open } = await stage({ plain: true });
  const all = await tabs(3);
  for (let round = 0; round < 3; round++) {
    await origin.advance(60_000);
    await settle(Promise.all(all.map(({ session }) => session.getToken())));
  }
  expect(generation(all[0]!)).toBe(4);
  origin.ledger().set(undefined);
  await origin.advance(60_000);
  await settle(Promise.all(all.map(({ session }) => session.getToken())));
  expect(all.map(generation)).toEqual([5, 5, 5]);
  await settle(all[0]!.session.signOut());
  origin.ledger().set(undefined);
  await origin.advance(5_000);
  await login('ben');
  await settle(all[1]!.session.start());
  await origin.advance(1_000);
  expect(all.map(({ session }) => session.getSnapshot())).toMatchObject(Array(3).fill({ status: 'active', sub: 'ben' }));
  expect((await settle(open().session.getToken())).value).toBe(all[1]!.session.peek());
});

describe('redteam 14: clocks', () => {
  it('a token that waited in a stopped page is judged by the wall clock, not by its arrival', async () => {
    const { tabs, origin, settle } = await stage();
    const [stopped, other] = await tabs(2);
    stopped!.context.stop();
    await origin.advance(60_000);
    await settle(other!.session.getToken());
    await origin.advance(70_000);
    stopped!.context.thaw();
    await origin.advance(20);
    expect(stopped!.session.peek()).toBeUndefined();
  });

  it('a clock set back two hours does not make a cooldown two hours long', async () => {
    const { tabs, origin, settle, faults } = await stage();
    const [tab] = await tabs(1);
    await origin.advance(60_000);
    faults.push({ instead: { status: 503, json: {}, retryAfter: 20_000 } });
    const waiting = tab!.session.getToken();
    await origin.advance(5_000);
    origin.jumpWall(-7_200_000);
    expect((await settle(waiting, 30_000)).value).toBeTruthy();
  });
});

it('redteam 18: an API that answers 401 to everything costs one refresh a minute, in ten tabs', async () => {
  const { tabs, origin, settle, refreshes } = await stage();
  const all = await tabs(10);
  await origin.advance(6_000);
  const before = refreshes().length;
  for (let poll = 0; poll < 8; poll++) {
    for (const { session } of all) await settle(session.refresh({ reason: 'unauthorized', rejected: session.peek()! }));
    await origin.advance(4_000);
  }
  expect(refreshes().length - before).toBe(1);
});

it('redteam 21: a raced answer is settled once per ledger, and a settle causes no other', async () => {
  const { origin, open, settle, refreshes, answers } = await stage({ lifetime: 30_000 });
  const here = open();
  const there = open({}, origin.context('page', { partition: 'other' }));
  await settle(Promise.all([here.session.getToken(), there.session.getToken()]));
  await origin.advance(37_000);
  await settle(Promise.all([here.session.getToken(), there.session.getToken()]));
  expect(answers.slice(-2).map(({ json }) => json['outcome']).toSorted()).toEqual(['raced', 'rotated']);
  await origin.advance(80_000);
  expect(refreshes().filter(({ request }) => (request.call as { reason: string }).reason === 'settle')).toHaveLength(1);
});

it('redteam 22: a ledger that never answers costs seconds, not the token', async () => {
  const { origin, open, settle, tabs } = await stage();
  await tabs(1);
  const context = origin.context();
  context.ports.ledger = { read: () => new Promise(() => {}), update: () => new Promise(() => {}) };
  const tab = open({}, context);
  const started = origin.now();
  expect((await settle(tab.session.getToken())).value).toBeTruthy();
  expect(origin.now() - started).toBeLessThan(5_000);
});

it('redteam 23: a leader that stands still is deposed by the next epoch', async () => {
  const { origin, tabs } = await stage();
  const all = await tabs(2, { leadership: 'visible' });
  await origin.until(() => all.some(({ session }) => session.getSnapshot().role === 'leader'));
  const leader = all.find(({ session }) => session.getSnapshot().role === 'leader')!;
  const other = all.find((tab) => tab !== leader)!;
  leader.context.stop();
  await origin.advance(200_000);
  expect(other.session.getSnapshot().role).toBe('leader');
  expect(other.session.getSnapshot().leaderEpoch).toBeGreaterThan(leader.session.getSnapshot().leaderEpoch);
  expect(other.session.peek()).toBeTruthy();
});

it('redteam 24: suspending a page aborts its lock requests, never its refresh', async () => {
  const { origin, tabs, refreshes, settle, answers } = await stage();
  const [holder, waiter, third] = await tabs(3);
  await origin.advance(60_000);
  const waits = [holder!, waiter!, third!].map(({ session }) => session.getToken());
  for (const wait of waits) wait.catch(() => {});
  expect(await origin.until(() => refreshes().length === 2)).toBe(true);
  const name = 'tabaton/https://app.test/auth/refresh';
  const sender = [holder!, waiter!, third!].find(({ context }) => context.name === refreshes()[1]!.request.context)!;
  const queued = [holder!, waiter!, third!].filter((tab) => tab !== sender);
  expect(origin.lock(name)).toEqual({ held: true, pending: 2 });
  queued[0]!.context.freeze();
  expect(origin.lock(name)).toEqual({ held: true, pending: 1 });
  sender.context.cache();
  expect((await settle(queued[1]!.session.getToken())).value).toBeTruthy();
  await origin.advance(1_000);
  // The request of the cached page reached the server; its answer waits for the page.
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
});
