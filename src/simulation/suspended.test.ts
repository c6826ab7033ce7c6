/** What a page does that is suspended in the middle of its turn. */
import { describe, expect, it } from 'vitest';
import { LOCK, tabs } from '../core/testing/tabs.js';

it('a suspended page lets go of the refresh lock at once, and its request goes on', async () => {
  const { origin, active, watch, refreshes } = tabs({ conditions: { engine: 'chromium', networkDelay: [200, 200] } });
  const [one] = await active(1);
  void watch(one!.session.refresh());
  expect(await origin.until(() => refreshes().length === 2)).toBe(true);
  expect(origin.lock(LOCK).held).toBe(true);
  one!.context.cache();
  expect(origin.lock(LOCK)).toEqual({ held: false, pending: 0 });
  await origin.advance(1_000);
  expect(one!.context.state).toBe('cached');
});

it('a page that was suspended and came back goes on only with the lock: no second refresh beside the next holder’s', async () => {
  const { origin, active, watch, refreshes, record } = tabs();
  const [one, two] = await active(2);
  // The ledger knows of a newer token whose owner is dead: whoever is granted the lock asks around for a moment.
  const stored = record();
  origin.ledger().set({ ...stored, tokens: { '|': { ...stored.tokens['|'], generation: 7 } } });
  const first = watch(one!.session.refresh());
  expect(await origin.until(() => origin.messages.some(({ from, message }) => from === one!.context.name && message.type === 'TOKEN_REQUEST' && message.have > 0))).toBe(true);
  const second = watch(two!.session.refresh());
  await origin.advance(5);
  one!.context.freeze();
  one!.context.thaw();
  await origin.until(() => 'value' in first && 'value' in second);
  expect(first.value).toBe(second.value);
  expect(refreshes()).toHaveLength(2);
});

it('a waiter that was stopped together with the holder does not take it for stuck', async () => {
  const { origin, active, watch, refreshes } = tabs({ conditions: { networkDelay: [2_000, 2_000] } });
  const [one, two] = await active(2);
  const overtakes: number[] = [];
  for (const { session } of [one!, two!]) session.on('overtake', ({ at }) => overtakes.push(at));
  const first = watch(one!.session.refresh());
  expect(await origin.until(() => origin.lock(LOCK).held)).toBe(true);
  const second = watch(two!.session.refresh());
  await origin.advance(1_000);
  // The machine stands still for a minute, and its processes wake one after the other.
  one!.context.stop();
  two!.context.stop();
  await origin.advance(60_000);
  two!.context.thaw();
  await origin.advance(500);
  one!.context.thaw();
  await origin.until(() => 'value' in first && 'value' in second);
  expect(overtakes).toEqual([]);
  expect(first.value).toBe(second.value);
  expect(refreshes()).toHaveLength(2);
});

describe('WebKit never tells a page that was cached what became of its request', () => {
  const WEBKIT = { conditions: { engine: 'webkit', networkDelay: [50, 50] } } as const;

  it('somebody was faster meanwhile: who asks in the page that is back has the token at once', async () => {
    const { origin, active, outcome, refreshes } = tabs(WEBKIT);
    const [one, two] = await active(2);
    const asked = one!.session.refresh();
    expect(await origin.until(() => refreshes().length === 2)).toBe(true);
    one!.context.cache();
    const { value } = await outcome(two!.session.refresh());
    one!.context.restore();
    expect(await outcome(asked, 500)).toEqual({ value });
    expect(await outcome(one!.session.refresh(), 500), 'and may ask for the next').toEqual({ value: expect.not.stringMatching(value!) });
    expect(refreshes()).toHaveLength(4);
  });

  it('nobody was: a full endpoint is asked again a second after its return, with the same attempt', async () => {
    const { origin, active, watch, refreshes } = tabs(WEBKIT);
    const [one] = await active(1);
    const asked = watch(one!.session.refresh());
    expect(await origin.until(() => refreshes().length === 2)).toBe(true);
    one!.context.cache();
    await origin.advance(200);
    one!.context.restore();
    await origin.advance(900);
    expect(refreshes()).toHaveLength(2);
    await origin.advance(400);
    expect(asked.value).toBe('token-3');
    const attempts = refreshes().map((request) => request.route === 'refresh' && request.call.attempt);
    expect(attempts[2]).toBe(attempts[1]);
  });

  it('nobody was, and the backend knows no attempts: its request is waited for until its deadline', async () => {
    const { origin, active, watch, refreshes } = tabs({ ...WEBKIT, server: (request) => (request.route === 'logout' ? { status: 200, json: {} } : { status: 200, json: { access_token: `token-${request.number}`, expires_in: 600 } }) });
    const [one] = await active(1);
    void watch(one!.session.refresh());
    expect(await origin.until(() => refreshes().length === 2)).toBe(true);
    one!.context.cache();
    await origin.advance(200);
    one!.context.restore();
    await origin.advance(9_000);
    expect(refreshes()).toHaveLength(2);
  });
});
