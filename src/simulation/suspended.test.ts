/** What a page does that is suspended in the middle of its turn. */
import { expect, it } from 'vitest';
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
