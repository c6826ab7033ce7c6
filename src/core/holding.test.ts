/** Stuck holders, orphans, and the traps of the platform. */
import { describe, expect, it, vi } from 'vitest';
import { LEADER_LOCK, LOCK, tabs } from './testing/tabs.js';

describe('a waiter', () => {
  it('that has what it wanted looks at the hold no more, even when it was just looking', async () => {
    const { origin, active, blocked, watch } = tabs({ conditions: { ledgerDelay: [100, 100] } });
    const [tab] = await active(1);
    await origin.advance(700_000);
    const release = await blocked();
    const call = watch(tab!.session.getToken());
    // The first look has begun, and the ledger takes its time.
    await origin.advance(300);
    release();
    await origin.until(() => !!call.value);
    await origin.advance(1_000);
    const read = vi.spyOn(tab!.context.ports.ledger, 'read');
    await origin.advance(60_000);
    expect(read).not.toHaveBeenCalled();
  });

  it('that is given what it wanted while it takes the hold steals nothing', async () => {
    const { origin, active, watch, record } = tabs({ conditions: { ledgerDelay: [100, 100] } });
    const [tab] = await active(1);
    await origin.advance(700_000);
    const said: string[] = [];
    tab!.session.on('overtake', () => said.push('overtake'));
    void origin.context().ports.locks.request(LOCK).granted.then((held) => held?.lost.then(() => said.push('stolen')));
    const call = watch(tab!.session.getToken());
    expect(await origin.until(() => record().hold.by !== '', 20_000)).toBe(true);
    const grant = { token: 'said', sid: 's1', sessionAt: 1_000, generation: 2, key: '|', lifetime: 6e5, remaining: 6e5, sentAt: tab!.context.ports.clock.wall() };
    origin.inject({ type: 'TOKEN', protocol: 1, from: 'x', incarnation: 'i', grant });
    await origin.advance(1_000);
    expect([call, said]).toEqual([{ value: 'said' }, []]);
  });

  it('that is suspended leaves the queue, and is in it again when it comes back', async () => {
    const { origin, active, blocked, watch } = tabs();
    const [tab] = await active(1);
    await origin.advance(700_000);
    const release = await blocked();
    const call = watch(tab!.session.getToken());
    await origin.advance(100);
    const pending = [origin.lock(LOCK).pending];
    tab!.context.freeze();
    pending.push(origin.lock(LOCK).pending);
    tab!.context.thaw();
    pending.push(origin.lock(LOCK).pending);
    release();
    await origin.advance(1_000);
    expect([pending, call]).toEqual([[1, 0, 1], { value: 'token-2' }]);
  });
});

describe('stuck holders', () => {
  it('a waiter overtakes after D + 2 s although nobody wrote a hold, and only one of many steals', async () => {
    const { origin, active, watch, refreshes } = tabs();
    const all = await active(5);
    await origin.advance(700_000);
    // A lock granted to a context that never ran: held, and the ledger knows nothing of it.
    const stranger = origin.context();
    stranger.ports.locks.request(LOCK);
    await origin.until(() => origin.lock(LOCK).held);
    stranger.stop();
    const overtakes: number[] = [];
    for (const { session } of all) session.on('overtake', ({ waited }) => overtakes.push(waited));
    const calls = all.map(({ session }) => watch(session.getToken()));
    await origin.advance(11_900);
    expect(calls).toEqual(Array(5).fill({}));
    await origin.advance(2_000);
    expect(calls).toEqual(Array(5).fill({ value: 'token-2' }));
    expect(overtakes).toHaveLength(1);
    expect(overtakes[0]).toBeGreaterThanOrEqual(12_000);
    expect(refreshes()).toHaveLength(2);
  });

  it('a holder whose lock was stolen begins nothing without it', async () => {
    const { origin, active, watch, refreshes, record } = tabs();
    const [one] = await active(1);
    // The ledger knows of a newer token whose owner is dead: the holder asks around for two seconds.
    origin.ledger().set({ ...record(), tokens: { '|': { ...record().tokens['|'], generation: 7 } } });
    watch(one!.session.refresh());
    expect(await origin.until(() => origin.messages.some(({ message }) => message.type === 'TOKEN_REQUEST' && message.have > 0))).toBe(true);
    origin.context().ports.locks.request(LOCK, { steal: true });
    await origin.advance(5_000);
    expect(refreshes()).toHaveLength(1);
  });

  it('a context steals at most once in 2 D', async () => {
    const { origin, active, watch } = tabs();
    const [one] = await active(1);
    await origin.advance(700_000);
    const overtakes: number[] = [];
    one!.session.on('overtake', () => overtakes.push(origin.now()));
    for (let i = 0; i < 3; i += 1) {
      const stranger = origin.context();
      stranger.ports.locks.request(LOCK, { steal: true });
      await origin.advance(10);
      stranger.stop();
      origin.fault = () => 'hang';
      watch(one!.session.refresh());
      await origin.advance(15_000);
    }
    for (const [n, at] of overtakes.entries()) if (n) expect(at - overtakes[n - 1]!).toBeGreaterThanOrEqual(20_000);
    expect(overtakes.length).toBeGreaterThan(1);
  });

  it('what was deposed re-checks after every await: its late answer changes nothing', async () => {
    const { origin, active, watch, outcome, record, refreshes } = tabs();
    const [one, two] = await active(2);
    await origin.advance(700_000);
    const first = watch(one!.session.getToken());
    await origin.until(() => refreshes().length === 2);
    one!.context.stop();
    const { value } = await outcome(two!.session.getToken(), 20_000);
    expect(value).toBe('token-3');
    const { generation } = record().tokens['|']!;
    one!.context.thaw();
    await origin.advance(20_000);
    expect(record().tokens['|']!.generation).toBe(generation);
    expect(first).toEqual({ value });
    expect(one!.session.peek()).toBe(value);
    expect(refreshes()).toHaveLength(3);
  });

  it('every waiter leaves the queue and asks again within 5 to 10 s: a cached holder is evicted by that', async () => {
    const { origin, active, watch } = tabs();
    const [one, two] = await active(2);
    await origin.advance(700_000);
    // Chromium keeps the lock of a page in its cache, and a waiter queued before starves.
    one!.context.ports.locks.request(LOCK);
    await origin.until(() => origin.lock(LOCK).held);
    const call = watch(two!.session.getToken());
    await origin.advance(100);
    one!.context.cache();
    await origin.advance(4_000);
    expect(call).toEqual({});
    await origin.advance(7_000);
    expect(call).toEqual({ value: 'token-2' });
  });
});

describe('orphaned attempts', () => {
  const orphan = async (observed: number) => {
    const { origin, active, watch, outcome, refreshes, record } = tabs({ server: ({ number }) => ({ status: 200, json: { access_token: `plain-${number}`, expires_in: 600 } }) });
    const [one, two] = await active(2);
    for (let i = 0; i < observed; i += 1) await outcome(one!.session.refresh());
    const before = refreshes().length;
    origin.fault = (request) => (request.context === one!.context.name ? 'hang' : undefined);
    watch(one!.session.refresh());
    await origin.until(() => refreshes().length > before);
    await origin.advance(100);
    one!.context.crash();
    const start = origin.now();
    const { value } = await outcome(two!.session.refresh(), 30_000);
    expect(value).toMatch(/^plain-/);
    return { waited: origin.now() - start, durations: record().durations };
  };

  it('with fewer than five observed durations the rest of D is waited for', async () => {
    const { waited } = await orphan(2);
    expect(waited).toBeGreaterThan(9_000);
    expect(waited).toBeLessThan(11_000);
  });

  it('with five, 4 × the slowest + 1 s', async () => {
    const { waited, durations } = await orphan(6);
    const slowest = Math.max(...durations.slice(1, 8));
    expect(waited).toBeGreaterThan(800);
    expect(waited).toBeLessThan(4 * slowest + 1_500);
  });
});

describe('frames and names', () => {
  it('a none answer never leaves a frame with a cross-site ancestor', async () => {
    const { origin, active, open, outcome, record, script } = tabs();
    const [page] = await active(1);
    const none = { status: 400, json: { error: 'invalid_grant', reason: 'no_cookie', session: 'none' } };
    script.push(none, none);
    const messages = origin.messages.length;
    const frame = open({ start: 'lazy' }, origin.context('iframe', { crossSite: true }));
    page!.context.freeze();
    await origin.advance(700_000);
    expect((await outcome(frame.session.getToken())).error?.code).toBe('anonymous');
    page!.context.thaw();
    await origin.advance(2_000);
    expect(record().hint).toBe(true);
    expect(page!.session.getSnapshot().status).toBe('active');
    expect(origin.messages.slice(messages).map(({ message }) => message.type)).not.toContain('SESSION_ENDED');
  });

  it('names carry no version, messages do, and those of another version are ignored', async () => {
    const { origin, active } = tabs();
    const [one] = await active(1, { leadership: 'visible' });
    await origin.advance(2_000);
    expect(origin.lock(LEADER_LOCK).held).toBe(true);
    expect(origin.messages.every(({ message }) => message.protocol === 1)).toBe(true);
    const before = one!.session.getSnapshot();
    for (const protocol of [0, 2])
      origin.inject({
        type: 'TOKEN',
        protocol,
        from: 'old',
        incarnation: 'i',
        grant: { token: 'x', sid: 's1', sessionAt: 1_000, generation: 9, key: '|', lifetime: 6e5, remaining: 6e5, sentAt: one!.context.ports.clock.wall() },
      });
    await origin.advance(1_000);
    expect(one!.session.getSnapshot()).toBe(before);
  });

  it('a TOKEN is taken only when newer for its session and key, or of a later session the ledger knows', async () => {
    const { origin, active, record } = tabs();
    const [one] = await active(1);
    const wall = one!.context.ports.clock.wall;
    const say = async (over: Record<string, unknown>) => {
      const grant = { token: 'said', sid: 's1', sessionAt: 1_000, generation: 1, key: '|', lifetime: 6e5, remaining: 6e5, sentAt: wall(), ...over };
      origin.inject({ type: 'TOKEN', protocol: 1, from: 'x', incarnation: 'i', grant });
      await origin.advance(500);
      return one!.session.peek();
    };
    expect(await say({ generation: 0 })).toBe('token-1');
    expect(await say({ generation: 1 })).toBe('token-1');
    expect(await say({ sid: 's0', sessionAt: 1, generation: 99 })).toBe('token-1');
    expect(await say({ sid: 's9', sessionAt: 9_000, generation: 99 })).toBe('token-1');
    expect(await say({ generation: 2 })).toBe('said');
    origin.ledger().set({ ...record(), sid: 's9', sessionAt: 9_000 });
    expect(await say({ sid: 's9', sessionAt: 9_000, generation: 1, token: 'later' })).toBe('later');
  });
});
