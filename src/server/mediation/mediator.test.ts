import { describe, expect, test } from 'vitest';
import { StoreUnavailableError, type Store } from '../store.js';
import { ask, world } from '../testing/mediated-family.js';
import { UpstreamError } from '../upstream/upstream.js';

describe('one refresh, whoever asks', () => {
  test('ten requests on each of four nodes are one call, and all get its token', async () => {
    const { node, service } = await world();
    const nodes = [node(), node(), node(), node()];
    const results = await Promise.all(nodes.flatMap((one) => Array.from({ length: 10 }, () => one.obtain('family', ask, {}))));
    expect(results.map((result) => result.kind)).toEqual(Array(40).fill('token'));
    expect(new Set(results.map((result) => (result.kind === 'token' ? result.token.gen : 0)))).toEqual(new Set([1]));
    expect(service.calls).toBe(1);
    expect(service.dead).toBe(false);
  });
  test('without the lease two nodes would spend one refresh token twice (negative control)', async () => {
    const { node, service, store } = await world();
    const free: Store = { ...store, acquire: async () => ({ renew: async () => true, release: async () => {} }) };
    await Promise.all([node({ store: free }).obtain('family', ask, {}), node({ store: free }).obtain('family', ask, {})]);
    expect(service.calls).toBe(2);
    expect(service.dead).toBe(true);
  });
  test('two keys of one family take turns: each refresh uses the token the other left', async () => {
    const { node, service } = await world();
    const one = node();
    const results = await Promise.all(['a', 'b', 'c'].map((key) => one.obtain('family', { ...ask, key }, { scope: key })));
    expect(results.map((result) => result.kind)).toEqual(['token', 'token', 'token']);
    expect(service).toMatchObject({ calls: 3, dead: false });
  });
  test('who rejects the newest generation never gets it back from a flight that was under way', async () => {
    const { node, service, clock } = await world();
    const one = node();
    await one.obtain('family', ask, {});
    await clock.advance(2_000);
    service.hold = true;
    const older = one.obtain('family', { ...ask, fresh: true, have: 0 }, {});
    const newer = one.obtain('family', { ...ask, fresh: true, have: 1 }, {});
    await service.arrived();
    service.answer();
    const results = await Promise.all([older, newer]);
    expect(results[1]).toMatchObject({ kind: 'token', token: { gen: 2 } });
    expect(service.calls).toBe(2);
  });
});

describe('slow, lost and dead', () => {
  test('the caller stops waiting, the call goes on and is kept', async () => {
    const { node, service, clock, store } = await world();
    service.hold = true;
    const impatient = node().obtain('family', ask, {});
    await service.arrived();
    await clock.advance(7_000);
    expect(await impatient).toMatchObject({ kind: 'slow' });
    service.answer();
    await clock.advance(0);
    while ((await store.read('family'))!.gen === 0) await clock.advance(0);
    expect((await store.read('family'))!.upstream).toMatchObject({ ver: 2, pending: null });
  });
  test('a provider slower than the lease: it is renewed, another node waits and says so', async () => {
    const { node, service, clock, events } = await world();
    service.hold = true;
    const slow = node({ leaseMs: 3_000, patienceMs: 60_000 }).obtain('family', ask, {});
    await service.arrived();
    for (let i = 0; i < 9; i += 1) await clock.advance(1_000);
    const waiting = node({ leaseMs: 3_000, patienceMs: 60_000 }).obtain('family', ask, {});
    await clock.advance(3_000);
    expect(await waiting).toEqual({ kind: 'locked', spent: { lockMs: 3_000, upstreamMs: 0 } });
    service.answer();
    expect(await slow).toMatchObject({ kind: 'token', spent: { lockMs: 0, upstreamMs: expect.closeTo(clock.now() - 1_700_000_000_000, 0) } });
    expect(service.calls).toBe(1);
    expect(events.filter((event) => event.type === 'lock')).toEqual([{ type: 'lock', result: 'timeout' }]);
  });
  test('the lease is lost in mid-call: the result is kept all the same', async () => {
    const { node, service, clock, events, store } = await world();
    const losing: Store = {
      ...store,
      acquire: async (name, options) => {
        const lease = await store.acquire(name, options);
        return lease && { release: lease.release, renew: async () => false };
      },
    };
    service.hold = true;
    const flight = node({ store: losing, leaseMs: 3_000, patienceMs: 60_000 }).obtain('family', ask, {});
    await service.arrived();
    await clock.advance(2_000);
    service.answer();
    expect(await flight).toMatchObject({ kind: 'token', token: { gen: 1 } });
    expect(events).toContainEqual({ type: 'lock', result: 'lost' });
    expect((await store.read('family'))!.upstream!.ver).toBe(2);
  });
  test('an upstream that never answers is given up after its own timeout, and the lease with it', async () => {
    const { node, service, clock } = await world();
    service.hold = true;
    const stuck = node({ patienceMs: 60_000 }).obtain('family', ask, {});
    await service.arrived();
    await clock.advance(20_000);
    expect(await stuck).toMatchObject({ kind: 'failed', error: { code: 'timeout' } });
  });
  test('a node that died after writing its intent: the next one tries the same token, once', async () => {
    const { node, service, clock, store, events } = await world();
    await store.intend('family', 1, { node: 'dead', at: clock.now() });
    expect(await node().obtain('family', ask, {})).toMatchObject({ kind: 'token' });
    expect(service.calls).toBe(1);
    expect(events).toContainEqual({ type: 'upstream', result: 'resumed' });
  });
  test('the store is away when the provider has answered: nothing is lost, and nobody here spends the old token', async () => {
    const { node, service, clock, store } = await world();
    let [away, tries] = [true, 0];
    // It forgets its leases, as one that comes back after their term.
    const fragile: Store = {
      ...store,
      commit(...args) {
        tries += 1;
        return away ? Promise.reject(new StoreUnavailableError('Away.')) : store.commit(...args);
      },
      acquire: async () => ({ renew: async () => true, release: async () => {} }),
    };
    const one = node({ store: fragile });
    const impatient = one.obtain('family', ask, {});
    while (tries === 0) await clock.advance(0);
    await clock.advance(7_000);
    expect(await impatient).toMatchObject({ kind: 'slow' });
    const other = one.obtain('family', { ...ask, key: 'other' }, {});
    await clock.advance(3_000);
    const joined = one.obtain('family', ask, {});
    away = false;
    await clock.advance(1_000);
    expect(await joined).toMatchObject({ kind: 'token', token: { gen: 1 } });
    expect(await other).toMatchObject({ kind: 'token', token: { gen: 2 } });
    expect(service).toMatchObject({ calls: 2, dead: false });
  });
  test('a store that stays away for minutes does not lose what the provider gave', async () => {
    const { node, service, clock, store } = await world();
    const back = clock.now() + 300_000;
    let tries = 0;
    const fragile: Store = {
      ...store,
      commit(...args) {
        tries += 1;
        return clock.now() < back ? Promise.reject(new StoreUnavailableError('Away.')) : store.commit(...args);
      },
    };
    void node({ store: fragile }).obtain('family', ask, {});
    while (tries === 0) await clock.advance(0);
    await clock.advance(301_000);
    expect((await store.read('family'))!.upstream).toMatchObject({ ver: 2, pending: null });
    expect(service.calls).toBe(1);
  });
  test('a commit whose reply was lost is known for what it is', async () => {
    const { node, service, clock, store, events } = await world();
    let tries = 0;
    const deaf: Store = {
      ...store,
      async commit(...args) {
        const answer = await store.commit(...args);
        tries += 1;
        if (tries === 1) throw new StoreUnavailableError('No reply in time.');
        return answer;
      },
    };
    const flight = node({ store: deaf }).obtain('family', { ...ask, fresh: true, have: 0 }, {});
    while (tries === 0) await clock.advance(0);
    await clock.advance(1_000);
    expect(await flight).toMatchObject({ kind: 'token', token: { gen: 1 } });
    expect(events).not.toContainEqual({ type: 'upstream', result: 'conflict' });
    expect((await store.read('family'))!).toMatchObject({ gen: 1, upstream: { ver: 2 } });
    expect(service.calls).toBe(1);
    expect(tries).toBe(2);
  });
  test('signed out during the call: nothing is handed out, and what came back is revoked', async () => {
    const { node, service, store } = await world();
    service.hold = true;
    const flight = node().obtain('family', ask, {});
    await service.arrived();
    await store.end('family', 'signed_out');
    service.answer();
    expect(await flight).toMatchObject({ kind: 'ended', reason: 'signed_out' });
    expect(service.revoked).toEqual(['rt-1']);
  });
});

describe('what the provider says', () => {
  test('invalid_grant on an unchanged grant ends the family, once', async () => {
    const { node, service, store, ended } = await world();
    service.dead = true;
    expect(await node().obtain('family', ask, {})).toMatchObject({ kind: 'ended', reason: 'upstream_invalid_grant' });
    expect(await store.read('family')).toMatchObject({ state: 'ended', endedReason: 'upstream_invalid_grant' });
    expect(ended).toEqual(['upstream_invalid_grant']);
  });
  test('invalid_grant while somebody has moved on is their success, not an end', async () => {
    const { node, service, store, sealed } = await world();
    const refresh = service.refresh.bind(service);
    let first = true;
    service.refresh = async (tokens, wish, signal) => {
      if (!first) return refresh(tokens, wish, signal);
      first = false;
      await store.commit('family', {
        ver: 1, expiresAt: null, dueAt: null, token: null,
        sealed: await sealed.sealGrant('family', { accessToken: '', refreshToken: 'rt-0' }),
      });
      throw new UpstreamError('invalid_grant', 'Used before.');
    };
    expect(await node().obtain('family', ask, {})).toMatchObject({ kind: 'token' });
    expect((await store.read('family'))!.state).toBe('active');
  });
  test.each(['invalid_client', 'invalid_scope', 'malformed', 'unavailable', 'timeout'] as const)('%s keeps the session', async (code) => {
    const { node, service, store } = await world();
    service.fail = new UpstreamError(code, 'No.');
    expect(await node().obtain('family', ask, {})).toMatchObject({ kind: 'failed', error: { code } });
    expect(await store.read('family')).toMatchObject({ state: 'active', upstream: { ver: 1 } });
    service.fail = null;
    expect(await node().obtain('family', ask, {})).toMatchObject({ kind: 'token' });
  });
  test('an outage serves what is left of a token, but never the one the caller wants to be rid of', async () => {
    const { node, service, clock } = await world();
    const one = node();
    await one.obtain('family', ask, {});
    await clock.advance(50_000);
    service.fail = new UpstreamError('unavailable', 'No.');
    expect(await one.obtain('family', { ...ask, minTtlMs: 30_000 }, {})).toMatchObject({ kind: 'token', token: { gen: 1 } });
    expect(await one.obtain('family', { ...ask, fresh: true, have: 1 }, {})).toMatchObject({ kind: 'failed' });
    await clock.advance(10_000);
    expect(await one.obtain('family', ask, {})).toMatchObject({ kind: 'failed' });
  });
  test('no new refresh token: the old one is kept', async () => {
    const { node, service, clock, store, sealed } = await world();
    service.refresh = async () => ({ accessToken: 'at', expiresInMs: 10_000 });
    await node().obtain('family', ask, {});
    await clock.advance(10_000);
    const opened = await sealed.openGrant((await store.read('family'))!);
    expect(opened).toMatchObject({ refreshToken: 'rt-0' });
  });
  test('tokens that cannot be opened are a fault of the operator, not an end', async () => {
    const { node, store, events } = await world();
    await store.commit('family', { ver: 1, sealed: 'garbage', expiresAt: null, dueAt: null, token: null });
    expect(await node().obtain('family', ask, {})).toMatchObject({ kind: 'failed', error: { code: 'malformed' } });
    expect(events).toContainEqual(expect.objectContaining({ type: 'fault' }));
    expect((await store.read('family'))!.state).toBe('active');
  });
  test('nothing readable is at rest', async () => {
    const { node, store } = await world();
    await node().obtain('family', ask, {});
    const stored = JSON.stringify(await store.read('family'));
    expect(stored).not.toContain('rt-1');
    expect(stored).not.toContain('at-1');
  });
});
