/** Stuck holders, orphans, and the traps of the platform. */
import { describe, expect, it } from 'vitest';
import { createScene, ledgerOf, watchOutcome } from '../simulation/scene.js';

const REFRESH = 'tabaton/virtual/refresh';

describe('stuck holders', () => {
  it('a waiter overtakes after D + 2 s although nobody wrote a hold, and only one of many steals', async () => {
    const scene = createScene();
    const tabs = await scene.active(5);
    await scene.origin.advance(700_000);
    // A lock granted to a context that never ran: held, and the ledger knows nothing of it.
    const stranger = scene.origin.context();
    stranger.ports.locks.request(REFRESH);
    await scene.origin.until(() => scene.origin.lock(REFRESH).held);
    stranger.stop();
    const overtakes: number[] = [];
    for (const { session } of tabs) session.on('overtake', ({ waited }) => overtakes.push(waited));
    const calls = tabs.map(({ session }) => watchOutcome(session.getToken()));
    await scene.origin.advance(11_900);
    expect(calls.some(({ settled }) => settled)).toBe(false);
    await scene.origin.advance(2_000);
    expect(calls.map(({ value }) => value)).toEqual(Array(5).fill('token-s1-2'));
    expect(overtakes).toHaveLength(1);
    expect(overtakes[0]).toBeGreaterThanOrEqual(12_000);
    expect(scene.sent('refresh')).toBe(1);
  });

  it('a context steals at most once in 2 D', async () => {
    const scene = createScene();
    const [one] = await scene.active(1);
    await scene.origin.advance(700_000);
    const overtakes: number[] = [];
    one!.session.on('overtake', () => overtakes.push(scene.origin.now()));
    for (let i = 0; i < 3; i += 1) {
      const stranger = scene.origin.context();
      stranger.ports.locks.request(REFRESH, { steal: true });
      await scene.origin.advance(10);
      stranger.stop();
      scene.origin.fault = () => 'hang';
      void scene.end(one!.session.refresh(), 1);
      await scene.origin.advance(15_000);
    }
    for (const [n, at] of overtakes.entries()) if (n) expect(at - overtakes[n - 1]!).toBeGreaterThanOrEqual(20_000);
    expect(overtakes.length).toBeGreaterThan(0);
  });

  it('what was deposed re-checks after every await: its late answer changes nothing', async () => {
    const scene = createScene();
    const [one, two] = await scene.active(2);
    await scene.origin.advance(700_000);
    const first = watchOutcome(one!.session.getToken());
    await scene.origin.until(() => one!.session.getSnapshot().activity === 'refreshing');
    await scene.origin.until(() => scene.sent('refresh') === 1);
    one!.tab.stop();
    const second = await scene.end(two!.session.getToken(), 20_000);
    expect(second.value).toMatch(/^token-/);
    const record = ledgerOf(scene);
    one!.tab.thaw();
    await scene.end(Promise.race([one!.session.getToken(), new Promise<string>(() => {})]), 20_000);
    expect(ledgerOf(scene).tokens['|']?.generation).toBe(record.tokens['|']!.generation);
    expect(first.value ?? one!.session.peek()).toBe(two!.session.peek());
    expect(scene.sent('refresh')).toBe(2);
  });

  it('every waiter leaves the queue and asks again within 5 to 10 s: a cached holder is evicted by that', async () => {
    const scene = createScene();
    const [one, two] = await scene.active(2);
    await scene.origin.advance(700_000);
    // Chromium keeps the lock of a page in its cache, and a waiter queued before starves.
    one!.tab.ports.locks.request(REFRESH);
    await scene.origin.until(() => scene.origin.lock(REFRESH).held);
    const call = watchOutcome(two!.session.getToken());
    await scene.origin.advance(100);
    const { listen } = one!.tab.ports.lifecycle;
    expect(listen).toBeTypeOf('function');
    one!.tab.cache();
    await scene.origin.advance(4_000);
    expect(call.settled).toBe(false);
    await scene.origin.advance(7_000);
    expect(call.value).toBe('token-s1-2');
  });
});

describe('orphaned attempts', () => {
  const plain = (scene: ReturnType<typeof createScene>) => {
    scene.script = (request, nth) => ({ status: 200, json: { access_token: `plain-${request.number}-${nth}`, expires_in: 600 } });
  };
  const orphan = async (observed: number) => {
    const scene = createScene();
    plain(scene);
    const [one, two] = await scene.active(2);
    for (let i = 0; i < observed; i += 1) await scene.end(one!.session.refresh());
    const count = scene.sent('refresh');
    scene.origin.fault = (request) => (request.context === one!.tab.name ? 'hang' : undefined);
    void watchOutcome(one!.session.refresh());
    await scene.origin.until(() => scene.sent('refresh') === count + 1 || one!.session.getSnapshot().activity === 'refreshing');
    await scene.origin.advance(100);
    one!.tab.crash();
    const start = scene.origin.now();
    const call = await scene.end(two!.session.refresh(), 30_000);
    expect(call.value).toMatch(/^plain-/);
    return { waited: scene.origin.now() - start, durations: ledgerOf(scene).durations as number[] };
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
    const scene = createScene();
    const [page] = await scene.active(1);
    scene.script = ({ cookie, context }) => (context.startsWith('iframe') || cookie === 'never' ? { status: 400, json: { error: 'invalid_grant', reason: 'no_cookie', session: 'none' } } : undefined);
    const messages = scene.origin.messages.length;
    const frame = scene.open({ start: 'lazy' }, scene.origin.context('iframe', { crossSite: true }));
    page!.tab.freeze();
    await scene.origin.advance(700_000);
    const call = await scene.end(frame.session.getToken());
    expect(call.error?.code).toBe('anonymous');
    page!.tab.thaw();
    await scene.origin.advance(2_000);
    expect(ledgerOf(scene).hint).toBe(true);
    expect(page!.session.getSnapshot().status).toBe('active');
    expect(scene.origin.messages.slice(messages).map(({ message }) => message.type)).not.toContain('SESSION_ENDED');
  });

  it('names carry no version, messages do, and those of another version are ignored', async () => {
    const scene = createScene();
    const [one] = await scene.active(1, { leadership: 'visible' });
    await scene.origin.advance(2_000);
    expect(scene.origin.lock('tabaton/virtual/leader').held).toBe(true);
    expect(scene.origin.messages.every(({ message }) => message.protocol === 1)).toBe(true);
    const before = one!.session.getSnapshot();
    for (const protocol of [0, 2])
      scene.origin.inject({
        type: 'TOKEN',
        protocol,
        from: 'old',
        incarnation: 'i',
        grant: { token: 'x', sid: 's1', sessionAt: 1_000, generation: 9, key: '|', lifetime: 6e5, remaining: 6e5, sentAt: one!.tab.ports.clock.wall() },
      });
    await scene.origin.advance(1_000);
    expect(one!.session.getSnapshot()).toBe(before);
  });

  it('a TOKEN is taken only when newer for its session and key, or of a later session the ledger knows', async () => {
    const scene = createScene();
    const [one] = await scene.active(1);
    const wall = one!.tab.ports.clock.wall;
    const say = async (over: Record<string, unknown>) => {
      const grant = { token: 'said', sid: 's1', sessionAt: 1_000, generation: 1, key: '|', lifetime: 6e5, remaining: 6e5, sentAt: wall(), ...over };
      scene.origin.inject({ type: 'TOKEN', protocol: 1, from: 'x', incarnation: 'i', grant });
      await scene.origin.advance(500);
      return one!.session.peek();
    };
    expect(await say({ generation: 0 })).toBe('token-s1-1');
    expect(await say({ generation: 1 })).toBe('token-s1-1');
    expect(await say({ sid: 's0', sessionAt: 1, generation: 99 })).toBe('token-s1-1');
    expect(await say({ sid: 's9', sessionAt: 9_000, generation: 99 })).toBe('token-s1-1');
    expect(await say({ generation: 2 })).toBe('said');
    scene.origin.ledger().set({ ...ledgerOf(scene), sid: 's9', sessionAt: 9_000 });
    expect(await say({ sid: 's9', sessionAt: 9_000, generation: 1, token: 'later' })).toBe('later');
  });
});
