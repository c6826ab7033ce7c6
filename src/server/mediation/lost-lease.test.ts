/** Who has lost its lease, to a pause or to a store that forgot it, and goes on: the provider's grant must outlive it. */
import { describe, expect, test } from 'vitest';
import type { Store } from '../store.js';
import { memoryStore } from '../stores/memory.js';
import type { FakeClock } from '../testing/fake-clock.js';
import { freeLeases, turns } from '../testing/managed-keys.js';
import { ask, world } from '../testing/mediated-family.js';
import { UpstreamError } from '../upstream/upstream.js';

/** Lets time pass until it is done; encryption runs on real threads, in its own time. */
async function finish<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  let done = false;
  const watched = work.finally(() => (done = true));
  for (let second = 0; !done && second < 40; second += 1) {
    await turns();
    await clock.advance(1_000);
  }
  return watched;
}

describe('what a call has brought is kept', () => {
  test('though somebody has written when the family is due next, on a lease that had lapsed', async () => {
    const { node, service, store, sealed } = await world();
    service.hold = true;
    const flight = node().obtain('family', ask, {});
    await service.arrived();
    const { upstream } = (await store.read('family'))!;
    await store.commit('family', { ver: 1, sealed: upstream!.sealed, expiresAt: null, dueAt: null, token: null });
    service.answer();
    expect(await flight).toMatchObject({ kind: 'token', token: { gen: 1 } });
    expect(await sealed.openGrant((await store.read('family'))!)).toMatchObject({ refreshToken: 'rt-1' });
  });

  /** A family that has been refreshed once, and is being refreshed again when the store is another one. */
  async function exchanged(salt: string) {
    const { node, service, store, sealed, clock, family } = await world();
    const other = memoryStore({ clock });
    await other.create({ ...family, salt });
    let current: Store = store;
    const both = new Proxy(store, { get: (_, name: keyof Store) => current[name].bind(current) });
    const one = node({ store: both });
    await one.obtain('family', ask, {});
    service.hold = true;
    const flight = one.obtain('family', { ...ask, key: 'other' }, {});
    await service.arrived();
    current = other;
    service.answer();
    const obtained = await flight;
    return { obtained, service, grant: await sealed.openGrant((await other.read('family'))!) };
  }
  test('though the store has come back as it was before', async () => {
    const { obtained, grant } = await exchanged('');
    expect(obtained).toMatchObject({ kind: 'token' });
    expect(grant).toMatchObject({ refreshToken: 'rt-2' });
  });
  test('but not over a family that has begun anew: there it is given back', async () => {
    const { obtained, grant, service } = await exchanged('another');
    expect(obtained).toMatchObject({ kind: 'failed', error: { code: 'unavailable' } });
    expect(grant).toMatchObject({ refreshToken: 'rt-0' });
    expect(service.revoked).toEqual(['rt-2']);
  });

  test('nor over a grant that somebody else has renewed', async () => {
    const { node, service, store, sealed } = await world();
    service.hold = true;
    const flight = node().obtain('family', ask, {});
    await service.arrived();
    const theirs = await sealed.sealGrant('family', { accessToken: '', refreshToken: 'theirs' });
    await store.commit('family', { ver: 1, sealed: theirs, expiresAt: null, dueAt: null, token: { key: 'k', lifetimeMs: 60_000, sealed: 'at' } });
    service.answer();
    expect(await flight).toMatchObject({ kind: 'token', token: { sealed: 'at' } });
    expect((await store.read('family'))!.upstream).toMatchObject({ ver: 2, sealed: theirs });
  });
});

/** The one that loses is told so at once, and the other's answer is still on its way. */
describe('invalid_grant while another node’s call is under way ends nothing', () => {
  test('when that one set out before: its token is waited for', async () => {
    const { node, service, store, clock, ended } = await world();
    const free = freeLeases(store);
    service.hold = true;
    const first = node({ store: free, patienceMs: 60_000 }).obtain('family', ask, {});
    await service.arrived();
    const second = node({ store: free, patienceMs: 60_000 }).obtain('family', ask, {});
    while (service.calls < 2) await turns(1);
    await turns();
    service.answer();
    expect(await first).toMatchObject({ kind: 'token', token: { gen: 1 } });
    expect(await finish(clock, second)).toMatchObject({ kind: 'token', token: { gen: 1 } });
    expect(ended).toEqual([]);
  });

  test('when that one set out after, and was faster: who asks is told to come back', async () => {
    const { node, service, store, ended } = await world();
    const free = freeLeases(store);
    let go = () => {};
    const paused = new Promise<void>((resolve) => (go = resolve));
    // Between the intent and the call the process stands still for longer than its lease.
    const late = { refresh: (...args: Parameters<typeof service.refresh>) => paused.then(() => service.refresh(...args)) };
    const sleeper = node({ store: free, upstream: late, patienceMs: 60_000 }).obtain('family', ask, {});
    while ((await store.read('family'))!.upstream!.pending === null) await turns(1);
    service.hold = true;
    const other = node({ store: free, patienceMs: 60_000 }).obtain('family', ask, {});
    await service.arrived();
    go();
    expect(await sleeper).toMatchObject({ kind: 'failed', error: { code: 'unavailable' } });
    service.answer();
    expect(await other).toMatchObject({ kind: 'token', token: { gen: 1 } });
    expect(ended).toEqual([]);
  });

  test('and when that one is dead, the grant is over', async () => {
    const { node, service, store, clock, ended } = await world();
    await store.intend('family', 1, { node: 'dead', at: clock.now() });
    service.fail = new UpstreamError('invalid_grant', 'Used before.');
    const flight = node({ patienceMs: 60_000 }).obtain('family', ask, {});
    expect(await finish(clock, flight)).toMatchObject({ kind: 'ended', reason: 'upstream_invalid_grant' });
    expect(ended).toEqual(['upstream_invalid_grant']);
  });
});
