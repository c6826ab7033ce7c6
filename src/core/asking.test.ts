/** From an expired token to a new one: ledger, lock, attempt id, fence. */
import { describe, expect, it, vi } from 'vitest';
import type { VirtualRequest } from '../testing/index.js';
import { full, LOCK, tabs } from './testing/tabs.js';

const EXPIRY = 600_000;
const attempts = (requests: readonly VirtualRequest[]) => requests.map((request) => (request.route === 'refresh' ? request.call.attempt : request.route));
const tokenMessage = (gen: number, over: object = {}) => ({
  type: 'TOKEN',
  protocol: 1,
  from: 'somebody',
  incarnation: 'any',
  grant: { token: `injected-${gen}`, sid: 's1', sessionAt: 1_000, generation: gen, key: '|', lifetime: 600_000, remaining: 600_000, sentAt: 1_800_000_000_000 + EXPIRY, ...over },
});

describe('a waiter', () => {
  it('adopts a token that arrives, whatever the lock does', async () => {
    const { origin, active, blocked, watch, refreshes } = tabs();
    const [tab] = await active(1);
    await origin.advance(EXPIRY);
    await blocked();
    const call = watch(tab!.session.getToken());
    await origin.advance(200);
    expect(call.value).toBeUndefined();
    origin.inject(tokenMessage(2, { sentAt: 1_800_000_000_000 + origin.now() }));
    await origin.advance(50);
    expect(call.value).toBe('injected-2');
    expect(refreshes()).toHaveLength(1);
  });

  it('is not content with the generation it started from', async () => {
    const { origin, active, blocked, watch } = tabs();
    const [tab] = await active(1);
    await origin.advance(EXPIRY);
    await blocked();
    const call = watch(tab!.session.getToken());
    await origin.advance(200);
    for (const gen of [0, 1]) origin.inject(tokenMessage(gen, { sentAt: 1_800_000_000_000 + origin.now() }));
    await origin.advance(50);
    expect(call.value).toBeUndefined();
  });

  it('asks for the lock anew every five to ten seconds', async () => {
    const { origin, active, blocked, watch } = tabs();
    const [tab] = await active(1);
    await origin.advance(EXPIRY);
    await blocked();
    const request = vi.spyOn(tab!.context.ports.locks, 'request');
    watch(tab!.session.getToken({}));
    const counts: number[] = [];
    for (let i = 0; i < 2; i++) {
      await origin.advance(10_050 / 2);
      counts.push(request.mock.calls.length);
    }
    expect(counts[0]).toBeLessThanOrEqual(2);
    expect(counts[1]).toBeGreaterThanOrEqual(2);
  });

  it('waits thirty seconds in all, then refresh_timeout, and the session is intact', async () => {
    const { origin, active, outcome, script } = tabs();
    const [tab] = await active(1);
    await origin.advance(EXPIRY);
    origin.fault = () => 'hang';
    const started = origin.now();
    const { error } = await outcome(tab!.session.getToken());
    expect(error?.code).toMatch(/refresh_timeout|refresh_unavailable/);
    expect(origin.now() - started).toBeLessThanOrEqual(30_000);
    expect(tab!.session.getSnapshot().status).toBe('active');
    origin.fault = undefined;
    script.length = 0;
    await origin.advance(120_000);
    expect((await outcome(tab!.session.getToken())).value).toMatch(/^token-/);
  });

  it('gives up at its own timeout while somebody else is stuck', async () => {
    const { origin, active, blocked, outcome } = tabs();
    const [tab] = await active(1, { timeout: 5_000 });
    await origin.advance(EXPIRY);
    await blocked();
    const started = origin.now();
    const { error } = await outcome(tab!.session.getToken());
    expect(error).toMatchObject({ code: 'refresh_timeout', message: expect.stringContaining('(no answer yet)') });
    expect(origin.now() - started).toBe(5_000);
  });

  it('says what stood in its way: of a wrong address nothing else is heard', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1, { timeout: 5_000 });
    let asked = 0;
    origin.fault = () => (asked++ ? 'hang' : { instead: { status: 503 } });
    await origin.advance(EXPIRY);
    const { error } = await outcome(tab!.session.getToken());
    expect(error).toMatchObject({ code: 'refresh_timeout', message: expect.stringContaining('(status 503)') });
    origin.fault = undefined;
    await origin.advance(120_000);
    expect((await outcome(tab!.session.getToken())).value).toMatch(/^token-/);
  });
});

describe('a new holder', () => {
  it('adopts what the ledger knows to be newer: the lock may come before the message', async () => {
    const { origin, active, watch, refreshes } = tabs({ conditions: { messageDelay: [80, 90], grantDelay: [0.1, 0.2], ledgerDelay: [0.1, 0.2] } });
    const two = await active(2);
    await origin.advance(EXPIRY);
    const calls = two.map(({ session }) => watch(session.getToken()));
    await origin.until(() => calls.every(({ value }) => value));
    expect(calls.map(({ value }) => value)).toEqual(['token-2', 'token-2']);
    expect(refreshes()).toHaveLength(2);
  });

  it('goes on when nobody delivers the newer token within a moment: its owner is dead', async () => {
    const { origin, active, open, watch, refreshes } = tabs();
    const [tab] = await active(1);
    tab!.context.crash();
    await origin.advance(100);
    const late = open();
    const call = watch(late.session.getToken());
    await origin.until(() => !!call.value);
    expect(call.value).toBe('token-2');
    expect(refreshes()).toHaveLength(2);
  });

  it('asks at the level that was configured, whatever the ledger has seen', async () => {
    const { active, outcome, refreshes } = tabs();
    const [tab] = await active(1, { level: 'fenced' });
    await outcome(tab!.session.refresh());
    expect(refreshes().map(({ call }) => (call as { level?: string }).level)).toEqual(['fenced', 'fenced']);
  });

  it('says once what came of it', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1);
    const before = origin.messages.length;
    await outcome(tab!.session.refresh());
    await origin.advance(1_000);
    expect(origin.messages.slice(before).map(({ message }) => message.type)).toEqual(['REFRESH_STARTED', 'TOKEN']);
  });

  it('writes the ledger before the lock is free', async () => {
    const { origin, active, watch, record } = tabs();
    const [tab] = await active(1);
    await origin.advance(EXPIRY);
    const call = watch(tab!.session.getToken());
    await origin.until(() => origin.lock(LOCK).held);
    await origin.until(() => !origin.lock(LOCK).held);
    expect(record().tokens['|']?.generation).toBe(2);
    await origin.until(() => !!call.value);
  });

  it('has written hold and attempt to the ledger before its request leaves', async () => {
    const { origin, active, outcome, record, script } = tabs();
    const [tab] = await active(1);
    const seen: unknown[] = [];
    script.push((request) => {
      const { attempt, hold } = record();
      seen.push(attempt === (request.route === 'refresh' && request.call.attempt), hold.by !== '');
      return full(request, 2);
    });
    await outcome(tab!.session.refresh());
    expect(seen).toEqual([true, true]);
    await origin.advance(1_000);
    expect(record().hold.by).toBe('');
  });
});

describe('the attempt id', () => {
  it('is one through errors, timeouts and contexts, until an answer settles it', async () => {
    const { origin, active, watch, refreshes, script } = tabs();
    const two = await active(2);
    script.push({ status: 503, json: { error: 'server_error' } }, { status: 500 });
    origin.fault = ({ number }) => (number === 4 ? 'lose_reply' : undefined);
    for (const tab of [0, 1, 0, 1]) {
      watch(two[tab]!.session.refresh());
      await origin.advance(90_000);
    }
    const [, ...ids] = attempts(refreshes());
    expect(ids.length).toBeGreaterThanOrEqual(5);
    expect(new Set(ids.slice(0, 4)).size).toBe(1);
    expect(ids[4]).not.toBe(ids[3]);
  });

  it('is not settled by another id', async () => {
    const { active, outcome, refreshes, script, origin } = tabs();
    const [tab] = await active(1);
    script.push((request) => full(request, 2, { attempt_settled: 'x'.repeat(22) }), (request) => full(request, 3));
    await outcome(tab!.session.refresh());
    await outcome(tab!.session.refresh());
    await outcome(tab!.session.refresh());
    await origin.settle();
    const [first, second, third, fourth] = attempts(refreshes());
    expect(second).not.toBe(first);
    expect(third).toBe(second);
    expect(fourth).not.toBe(third);
  });

  it('travels with the winners before it, newest first', async () => {
    const { active, outcome, refreshes } = tabs();
    const [tab] = await active(1);
    for (let i = 0; i < 8; i++) await outcome(tab!.session.refresh());
    const ids = attempts(refreshes());
    const last = refreshes().at(-1)!;
    expect(last.route === 'refresh' && last.call.ids).toEqual(ids.toReversed().slice(0, 6));
  });

  it('once spent is settled, replaced and presented again at once', async () => {
    const { origin, active, outcome, refreshes, script } = tabs();
    const [tab] = await active(1);
    script.push((request) => ({ status: 409, json: { error: 'temporarily_unavailable', reason: 'attempt_spent', session: 'intact', attempt_settled: request.route === 'refresh' && request.call.attempt } }));
    const started = origin.now();
    expect((await outcome(tab!.session.refresh())).value).toBe('token-2');
    expect(origin.now() - started).toBeLessThan(1_000);
    const [, spent, next] = refreshes();
    expect(next!.route === 'refresh' && spent!.route === 'refresh' && [next!.call.attempt === spent!.call.attempt, next!.call.ids[1]]).toEqual([false, spent!.route === 'refresh' && spent!.call.attempt]);
  });
});

describe('a stuck holder', () => {
  it('is overtaken after D + 2 s, one that left no hold included, by exactly one of many waiters', async () => {
    const { origin, active, blocked, watch, refreshes } = tabs();
    const five = await active(5);
    await origin.advance(EXPIRY);
    await blocked();
    const overtakes: number[] = [];
    for (const { session } of five) session.on('overtake', ({ waited }) => overtakes.push(waited));
    const calls = five.map(({ session }) => watch(session.getToken()));
    await origin.advance(11_900);
    expect(overtakes).toEqual([]);
    await origin.until(() => calls.every(({ value }) => value), 10_000);
    expect(overtakes).toHaveLength(1);
    expect(overtakes[0]).toBeGreaterThanOrEqual(12_000);
    expect(calls.map(({ value }) => value)).toEqual(Array(5).fill('token-2'));
    expect(refreshes()).toHaveLength(2);
  });

  it('brings an answer that is dropped', async () => {
    const { origin, active, watch, record } = tabs();
    const two = await active(2);
    await origin.advance(EXPIRY);
    const first = watch(two[0]!.session.getToken());
    await origin.until(() => origin.requests.length === 2);
    two[0]!.context.freeze();
    const second = watch(two[1]!.session.getToken());
    await origin.until(() => !!second.value, 60_000);
    const generation = record().tokens['|']!.generation;
    two[0]!.context.thaw();
    await origin.until(() => !!first.value);
    await origin.advance(1_000);
    expect(record().tokens['|']!.generation).toBe(generation);
    expect([first.value, two[0]!.session.peek()]).toEqual([second.value, second.value]);
  });
});

describe('an orphan', () => {
  it('is waited for no longer than four times the slowest of five refreshes and a second', async () => {
    const { origin, active, watch, outcome, refreshes, grants } = tabs({ conditions: { networkDelay: [50, 50] } });
    Object.assign(grants, { gen: undefined, sid: undefined, session_at: undefined, outcome: undefined, attempt_settled: undefined });
    const two = await active(2);
    for (let i = 0; i < 5; i++) await outcome(two[0]!.session.refresh());
    origin.fault = ({ number }) => (number === 7 ? 'hang' : undefined);
    watch(two[0]!.session.refresh());
    await origin.until(() => refreshes().length === 7);
    const sent = origin.now();
    two[0]!.context.crash();
    watch(two[1]!.session.refresh());
    await origin.until(() => refreshes().length === 8);
    expect(origin.now() - sent).toBeGreaterThan(1_000);
    expect(origin.now() - sent).toBeLessThan(1_000 + 4 * 120 + 300);
  });

  it('need not be waited for at level full: the successor sends at once, with the same attempt', async () => {
    const { origin, active, watch, refreshes } = tabs({ conditions: { networkDelay: [50, 50] } });
    const two = await active(2);
    origin.fault = ({ number }) => (number === 2 ? 'hang' : undefined);
    watch(two[0]!.session.refresh());
    await origin.until(() => refreshes().length === 2);
    const sent = origin.now();
    two[0]!.context.crash();
    watch(two[1]!.session.refresh());
    await origin.until(() => refreshes().length === 3);
    expect(origin.now() - sent).toBeLessThan(250);
    expect(attempts(refreshes())[2]).toBe(attempts(refreshes())[1]);
  });
});
