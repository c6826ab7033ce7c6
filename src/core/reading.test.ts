/** Reading a token: free while it is fresh, judged by both clocks, never older than asked for. */
import { describe, expect, it, vi } from 'vitest';
import { tabs } from './testing/tabs.js';

const HOUR = 3_600_000;

describe('reading', () => {
  it('a fresh token is returned without a lock, a message or I/O', async () => {
    const { origin, active } = tabs();
    const [tab] = await active(1);
    const { locks, ledger, endpoint } = tab!.context.ports;
    const spies = [vi.spyOn(locks, 'request'), vi.spyOn(ledger, 'read'), vi.spyOn(ledger, 'update'), vi.spyOn(endpoint, 'refresh')];
    const said = origin.messages.length;
    for (let i = 0; i < 3; i++) await expect(tab!.session.getToken({ minTtl: 1_000 })).resolves.toBe('token-1');
    await expect(tab!.session.getToken()).resolves.toBe('token-1');
    for (const spy of spies) expect(spy).not.toHaveBeenCalled();
    expect(origin.messages).toHaveLength(said);
  });

  it('peek and isExpiring answer at once and never refresh', async () => {
    const { origin, active, refreshes } = tabs();
    const [{ session }] = (await active(1)) as [Awaited<ReturnType<typeof active>>[0]];
    expect([session.peek(), session.isExpiring()]).toEqual(['token-1', false]);
    await origin.advance(545_000);
    expect([session.peek(), session.isExpiring()]).toEqual(['token-1', true]);
    await origin.advance(60_000);
    expect([session.peek(), session.isExpiring()]).toEqual([undefined, true]);
    await origin.advance(60_000);
    expect(refreshes()).toHaveLength(1);
  });

  it('in the refresh-ahead window the valid token at once, and one background refresh for the origin', async () => {
    const { origin, active, refreshes } = tabs();
    const three = await active(3);
    await origin.advance(545_000);
    const now = origin.now();
    for (const { session } of three) await expect(session.getToken()).resolves.toBe('token-1');
    expect(origin.now()).toBe(now);
    await origin.advance(2_000);
    expect(refreshes()).toHaveLength(2);
    expect(three.map(({ session }) => session.peek())).toEqual(['token-2', 'token-2', 'token-2']);
  });

  it('in that window reads are free, too, while the endpoint rests', async () => {
    const { origin, active, script } = tabs();
    const [tab] = await active(1);
    await origin.advance(545_000);
    script.push({ status: 503, json: { retry_after: 30 } });
    await tab!.session.getToken();
    await origin.advance(1_000);
    const asked = vi.spyOn(tab!.context.ports.locks, 'request');
    for (let read = 0; read < 50; read++) {
      expect(await tab!.session.getToken()).toBe('token-1');
      await origin.advance(50);
    }
    expect(asked).not.toHaveBeenCalled();
    await origin.advance(30_000);
    await tab!.session.getToken();
    await origin.advance(1_000);
    expect(tab!.session.peek()).toBe('token-2');
  });

  it('the refresh-ahead margin is at most a tenth of the lifetime', async () => {
    const { origin, active, grants } = tabs();
    Object.assign(grants, { expires_in: 100, lifetime: 100 });
    const [tab] = await active(1, { refreshAhead: 60_000 });
    await origin.advance(87_000);
    expect(tab!.session.isExpiring()).toBe(false);
    await origin.advance(3_000);
    expect(tab!.session.isExpiring()).toBe(true);
  });

  it('asks for at most half a lifetime, and hands out a token just obtained even below the wish', async () => {
    const { active, outcome, refreshes, grants } = tabs();
    Object.assign(grants, { expires_in: 8, lifetime: 8 });
    const [tab] = await active(1);
    await expect(tab!.session.getToken({ minTtl: HOUR })).resolves.toBe('token-1');
    expect(refreshes()).toHaveLength(1);
    // 3 s left of 8: below half, so a newer one is had, and that is handed out although it has less than an hour, too.
    Object.assign(grants, { expires_in: 3, lifetime: 8 });
    const next = await outcome(tab!.session.refresh());
    expect(next.value).toBe('token-2');
    expect((await outcome(tab!.session.getToken({ minTtl: HOUR }))).value).toBe('token-3');
    expect(refreshes()).toHaveLength(3);
  });

  it('wait: false throws refresh_pending, and the refresh is started all the same', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1);
    await origin.advance(600_000);
    expect((await outcome(tab!.session.getToken({ wait: false }))).error).toMatchObject({ code: 'refresh_pending' });
    await origin.advance(1_000);
    await expect(tab!.session.getToken({ wait: false })).resolves.toBe('token-2');
  });

  it("a caller's signal gives up that call only", async () => {
    const { origin, active, watch, refreshes } = tabs();
    const [tab] = await active(1);
    await origin.advance(600_000);
    const impatient = new AbortController();
    const given = watch(tab!.session.getToken({ signal: impatient.signal }));
    const waiting = watch(tab!.session.getToken());
    await origin.settle();
    const reason = new Error('enough');
    impatient.abort(reason);
    await origin.until(() => !!waiting.value);
    expect([given.error, waiting.value, refreshes().length]).toEqual([reason, 'token-2', 2]);
  });

  it('callers of one tab share one flight', async () => {
    const { origin, active, watch, refreshes } = tabs();
    const [tab] = await active(1);
    await origin.advance(600_000);
    const locks = vi.spyOn(tab!.context.ports.locks, 'request');
    const calls = Array.from({ length: 20 }, () => watch(tab!.session.getToken()));
    await origin.until(() => calls.every(({ value }) => value === 'token-2'));
    expect([locks.mock.calls.length, refreshes().length]).toEqual([1, 2]);
  });
});

describe('age', () => {
  it('is the larger of two clocks: a wall clock set forward ends a token, one set back does not keep it', async () => {
    const { origin, active } = tabs();
    const [tab] = await active(1);
    origin.jumpWall(700_000);
    expect(tab!.session.peek()).toBeUndefined();
    origin.jumpWall(-HOUR);
    expect(tab!.session.peek()).toBe('token-1');
    await origin.advance(600_000);
    expect(tab!.session.peek()).toBeUndefined();
  });

  it('counts from the start of the request', async () => {
    const { origin, open, grants } = tabs({ conditions: { networkDelay: [4_000, 4_000] } });
    Object.assign(grants, { expires_in: 60, lifetime: 60 });
    const { session } = open();
    await origin.until(() => !!session.peek());
    // 8 s on the way: 52 s are left, not 60, of which the clock tolerance takes 2.
    await origin.advance(51_000);
    expect(session.peek()).toBeUndefined();
  });

  it('a wrong clock changes nothing: a server timestamp is compared with no clock of ours', async () => {
    const { origin, active, grants } = tabs();
    Object.assign(grants, { server_time: 1, session_at: 5 });
    origin.jumpWall(-20 * 365 * 24 * HOUR);
    const two = await active(2);
    expect(two.map(({ session }) => session.peek())).toEqual(['token-1', 'token-1']);
    await origin.advance(500_000);
    expect(two[0]!.session.peek()).toBe('token-1');
  });

  it('sleep is noticed: freshness is judged anew at each read', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1);
    await expect(tab!.session.getToken()).resolves.toBe('token-1');
    origin.sleep(HOUR);
    await origin.advance(10);
    expect(tab!.session.peek()).toBeUndefined();
    expect((await outcome(tab!.session.getToken())).value).toBe('token-2');
  });
});

describe('snapshot', () => {
  it('is frozen, the same object between changes, and another one after a change', async () => {
    const { origin, open } = tabs();
    const { session } = open();
    const first = session.getSnapshot();
    expect(session.getSnapshot()).toBe(first);
    expect(Object.isFrozen(first)).toBe(true);
    let calls = 0;
    session.subscribe(() => calls++);
    await origin.until(() => session.getSnapshot().status === 'active');
    expect(calls).toBeGreaterThan(0);
    const then = session.getSnapshot();
    expect(then).not.toBe(first);
    await origin.advance(1_000);
    const settled = session.getSnapshot();
    await origin.advance(1_000);
    expect(session.getSnapshot()).toBe(settled);
  });

  it('no event, snapshot or error carries a token', async () => {
    const { origin, open, watch, script } = tabs();
    const three = [open({ leadership: 'visible' }), open(), open()];
    const said: unknown[] = [];
    for (const { session } of three) {
      for (const name of ['started', 'token', 'refresh', 'degraded', 'stalled', 'rejected', 'ended', 'role', 'overtake', 'problem'] as const) session.on(name, (event) => said.push(event));
      session.subscribe(() => said.push(session.getSnapshot()));
    }
    await origin.until(() => three.every(({ session }) => session.peek()));
    script.push({ status: 500, json: { access_token: 'token-leak' } }, { status: 200, json: { access_token: 'token-leak with spaces' } });
    for (let i = 0; i < 3; i++) {
      const call = watch(three[0]!.session.refresh());
      await origin.advance(90_000);
      said.push(call.error?.message);
    }
    const out = watch(three[0]!.session.signOut());
    await origin.advance(10_000);
    said.push(out, watch(three[1]!.session.getToken()));
    await origin.advance(1_000);
    expect(said.length).toBeGreaterThan(20);
    expect(JSON.stringify(said)).not.toMatch(/token-[0-9l]/);
  });
});
