/** What hand-written managers and locks get wrong, each shown on one of them first: a test that passes there proves nothing. */
import { describe, expect, test } from 'vitest';
import { ADA, expired, freeLeases, onlyFamily, turns, world } from '../testing/managed-keys.js';
import { UpstreamError } from '../upstream/upstream.js';

describe('the five faults of a hand-written manager', () => {
  test('1: a slower refresh overwrites a newer token', async () => {
    const one = world();
    one.service.reusable = true;
    const [a, b] = [one.naive('no lock'), one.naive('no lock')];
    await a.get(ADA);
    await expired(one);
    one.service.hold = true;
    const [slow, fast] = [a.get(ADA), b.get(ADA)];
    await one.service.arrived(2);
    one.service.answer(1);
    await fast;
    one.service.answer(0);
    await slow;
    expect(await a.get(ADA), 'the control keeps the older token').toBe('at-2');

    // The same race for ours: the leases are switched off, so that it can happen at all.
    const two = world();
    two.service.reusable = true;
    const [c, d] = [two.node({ store: freeLeases(two.store) }), two.node({ store: freeLeases(two.store) })];
    await c.get(ADA);
    await expired(two);
    two.service.hold = true;
    const [late, early] = [c.get(ADA), d.get(ADA)];
    await two.service.arrived(2);
    two.service.answer(1);
    expect(await early).toMatchObject({ accessToken: 'at-3' });
    two.service.answer(0);
    expect(await late).toMatchObject({ accessToken: 'at-3' });
    expect(await two.node().get(ADA)).toMatchObject({ accessToken: 'at-3' });
  });

  test('2: calls are wasted on refreshes that somebody else has made', async () => {
    const control = world();
    control.service.reusable = true;
    const many = Array.from({ length: 4 }, () => control.naive('no lock'));
    await many[0]!.get(ADA);
    await expired(control);
    await Promise.all(many.flatMap((node) => Array.from({ length: 10 }, () => node.get(ADA))));
    expect(control.service.refreshes).toBe(40);

    const one = world();
    const nodes = Array.from({ length: 4 }, () => one.node());
    await Promise.all(nodes.flatMap((node) => Array.from({ length: 10 }, () => node.get(ADA))));
    expect(one.service).toMatchObject({ grants: 1, refreshes: 0 });
    await expired(one);
    const tokens = await Promise.all(nodes.flatMap((node) => Array.from({ length: 10 }, () => node.get(ADA))));
    expect(one.service).toMatchObject({ grants: 1, refreshes: 1 });
    expect(new Set(tokens.map(({ accessToken }) => accessToken))).toEqual(new Set(['at-2']));
  });

  test('3: a one-time refresh token is spent twice', async () => {
    const control = world();
    const many = [control.naive('no lock'), control.naive('no lock')];
    await many[0]!.get(ADA);
    await expired(control);
    await Promise.allSettled(many.map((node) => node.get(ADA)));
    expect(control.service.spentTwice).toBe(1);

    const one = world();
    const nodes = [one.node(), one.node(), one.node()];
    await nodes[0]!.get(ADA);
    for (let round = 0; round < 5; round += 1) {
      await expired(one);
      await Promise.all(nodes.map((node) => node.get(ADA)));
    }
    expect(one.service).toMatchObject({ grants: 1, refreshes: 5, spentTwice: 0, together: 1 });
  });

  test('4: several access tokens of one key are alive on different nodes', async () => {
    const control = world();
    // A cache of its own per node, as `new Map()` in a module gives it.
    const apart = [world(), world()].map((own) => own.naive('no lock'));
    expect(await Promise.all(apart.map((node) => node.get(ADA)))).toHaveLength(2);
    const shared = [control.naive('no lock'), control.naive('no lock')];
    await Promise.all(shared.map((node) => node.get(ADA)));
    expect(control.service.live.size).toBe(2);

    const one = world();
    const nodes = Array.from({ length: 4 }, () => one.node());
    await Promise.all(nodes.map((node) => node.get(ADA)));
    expect(one.service.live.size).toBe(1);
  });

  test('5: nobody can make every node take a new token', async () => {
    const one = world();
    const [a, b] = [one.node(), one.node()];
    const before = await a.get(ADA);
    expect(await b.get(ADA)).toEqual(before);
    await one.clock.advance(10);
    await a.invalidate(ADA);
    await one.clock.advance(999);
    const [after, same] = [await a.get(ADA), await b.get(ADA)];
    expect(after.gen).toBeGreaterThan(before.gen);
    expect(same).toEqual(after);
    expect(one.service).toMatchObject({ grants: 1, refreshes: 1 });
    // The control has no such thing: what it would do by hand reaches the store, not the token another node holds.
    expect(one.naive('no lock')).not.toHaveProperty('invalidate');
  });
  test('5: nobody can revoke', async () => {
    const one = world();
    const [a, b] = [one.node(), one.node()];
    const before = await a.get(ADA);
    await b.get(ADA);
    await a.revoke(ADA);
    await one.clock.advance(999);
    // Decryption runs on real threads: it comes in its own time.
    while (one.service.revoked.length === 0) await turns(1);
    expect(one.service.revoked).toHaveLength(1);
    const [after, same] = [await a.get(ADA), await b.get(ADA)];
    expect(after.accessToken).not.toBe(before.accessToken);
    expect(after.gen).toBeGreaterThan(before.gen);
    expect(same).toEqual(after);
    // The grant was ended: the next token comes from the original grant, not from the refresh token.
    expect(one.service).toMatchObject({ grants: 2, refreshes: 0 });
  });
});

describe('the classic bugs of hand-written locks', () => {
  test('SETNX, then EXPIRE: who dies in between locks the key for ever', async () => {
    const control = world();
    let dead = false;
    void control.naive('setnx then expire', () => (dead ? false : (dead = true))).get(ADA);
    await turns();
    await control.clock.advance(86_400_000);
    expect(await control.naive('setnx then expire').get(ADA)).toBe(null);

    const one = world();
    await one.node().get(ADA);
    await expired(one);
    const held = await one.store.acquire(`refresh:${await onlyFamily(one)}`, { ttlMs: 30_000, waitMs: 0 });
    expect(held).toBeDefined();
    const waiting = one.node({ patienceMs: 60_000 }).get(ADA);
    await turns();
    await one.clock.advance(30_000);
    expect(await waiting).toMatchObject({ accessToken: 'at-2' });
  });
  test('DEL without an owner check: a late holder frees somebody else’s lock', async () => {
    const control = world();
    control.service.reusable = true;
    await control.naive('del without owner').get(ADA);
    await expired(control);
    control.service.hold = true;
    const late = control.naive('del without owner').get(ADA);
    await control.service.arrived(1);
    await control.clock.advance(10_001);
    const second = control.naive('del without owner').get(ADA);
    await control.service.arrived(2);
    control.service.answer(0);
    await late;
    await control.clock.advance(60_000);
    const third = control.naive('del without owner').get(ADA);
    await control.service.arrived(2);
    expect(control.service.together).toBe(2);
    control.service.answer();
    control.service.answer();
    await Promise.all([second, third]);

    const one = world();
    const first = await one.store.acquire('x', { ttlMs: 1_000, waitMs: 0 });
    await one.clock.advance(1_001);
    expect(await one.store.acquire('x', { ttlMs: 1_000, waitMs: 0 })).toBeDefined();
    await first!.release();
    expect(await one.store.acquire('x', { ttlMs: 1_000, waitMs: 0 })).toBeUndefined();
    // And a call that is slower than its lease keeps it.
    await one.node().get(ADA);
    await expired(one);
    one.service.hold = true;
    const slow = [one.node({ patienceMs: 60_000 }).get(ADA), one.node({ patienceMs: 60_000 }).get(ADA)];
    await one.service.arrived(1);
    await one.clock.advance(15_000);
    one.service.answer();
    expect(new Set((await Promise.all(slow)).map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(one.service).toMatchObject({ together: 1, spentTwice: 0 });
  });
  test.each([['waiter returns null', null], ['waiter returns the old token', 'at-1']] as const)('%s', async (mistake, wrong) => {
    const control = world();
    await control.naive(mistake).get(ADA);
    await expired(control);
    control.service.hold = true;
    const holder = control.naive(mistake).get(ADA);
    await control.service.arrived();
    expect(await control.naive(mistake).get(ADA)).toBe(wrong);
    control.service.answer();
    await holder;

    const one = world();
    await one.node().get(ADA);
    await expired(one);
    one.service.hold = true;
    const all = [one.node().get(ADA), one.node().get(ADA), one.node().get(ADA)];
    await one.service.arrived();
    await turns();
    one.service.answer();
    expect((await Promise.all(all)).map(({ accessToken }) => accessToken)).toEqual(['at-2', 'at-2', 'at-2']);
  });
  test('a waiter that waits in vain gets an error that says when to ask again, never null and never the old token', async () => {
    const one = world();
    await one.node().get(ADA);
    await expired(one);
    one.service.hold = true;
    void one.node({ patienceMs: 60_000 }).get(ADA);
    await one.service.arrived();
    const impatient = one.node({ lockWaitMs: 1_000 }).get(ADA).catch((error: unknown) => error);
    await turns();
    await one.clock.advance(1_000);
    expect(await impatient).toMatchObject({ name: 'UpstreamError', code: 'unavailable', retryAfterMs: 1_000 });
    one.service.answer();
  });
  test.each([
    ['a timeout', new UpstreamError('timeout', 'No.')],
    ['500', new UpstreamError('unavailable', 'No.')],
    ['garbage', new UpstreamError('malformed', 'No.')],
    ['invalid_client', new UpstreamError('invalid_client', 'No.')],
    ['a broken socket', new TypeError('fetch failed')],
  ])('falling back to a full login on any exception: %s', async (_, failure) => {
    const control = world();
    await control.naive('login on any exception').get(ADA);
    await expired(control);
    control.service.fail = failure;
    await control.naive('login on any exception').get(ADA);
    expect(control.service.grants).toBe(2);

    const one = world();
    await one.node().get(ADA);
    await expired(one);
    one.service.fail = failure;
    await expect(one.node().get(ADA)).rejects.toMatchObject({ name: 'UpstreamError' });
    expect(one.service.grants).toBe(1);
    one.service.fail = null;
    expect(await one.node().get(ADA)).toMatchObject({ accessToken: 'at-2' });
  });
  test('a definitive invalid_grant, and only that, goes back to the original grant: once over all nodes', async () => {
    const one = world();
    const nodes = [one.node(), one.node(), one.node()];
    await nodes[0]!.get(ADA);
    await expired(one);
    one.service.fail = new UpstreamError('invalid_grant', 'Gone.');
    const tokens = await Promise.all(nodes.map((node) => node.get(ADA)));
    expect(one.service).toMatchObject({ grants: 2, refreshes: 1 });
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(tokens[0]!.gen).toBe(2);
  });
});
