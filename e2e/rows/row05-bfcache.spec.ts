/** Rows 4 and 5: the refreshing page is frozen, or put into the back/forward cache with a waiter already queued. */
import type { RawTab } from '../browser/tab.js';
import { active, expect, type House, test } from '../harness/raw.js';

/** A marker that only survives where the page itself does. */
const mark = (tab: RawTab): Promise<void> =>
  tab.evaluate(`void (() => { window.kept = true; window.restores = []; addEventListener('pageshow', (event) => restores.push(event.persisted)); })()`);

async function three(house: House): Promise<[holder: RawTab, waiter: RawTab, third: RawTab]> {
  const browser = await house.launch();
  const holder = await browser.open(house.address('holder'));
  expect(await holder.run('login', 'ada')).toEqual({ ok: true });
  const waiter = await browser.open(house.address('waiter'));
  const third = await browser.open(house.address('third'));
  for (const tab of [holder, waiter, third]) await active(tab);
  house.backend.rest();
  house.server.journal.clear();
  house.server.api.expireAll();
  return [holder, waiter, third];
}

test('row 5: the holder goes into the back/forward cache with a waiter queued; a third asks; the holder comes back', async ({ house }) => {
  const [holder, waiter, third] = await three(house);
  await mark(holder);
  const barrier = house.server.faults.hold('refresh', 'after');
  await holder.begin('api', '/api/me');
  await barrier.arrived;
  const waiting = await waiter.begin('api', '/api/me');
  // Queued for certain: this page's own snapshot says that another one is refreshing.
  await expect.poll(async () => (await waiter.run('snapshot')).activity).toBe('waiting');
  await holder.goto(`${house.server.origin}/bare?elsewhere`);
  const late = await third.begin('api', '/api/me');

  // The first reply is still held: both are served because the lock was let go, not because the holder finished.
  await expect.poll(() => waiting.result()).toMatchObject({ ok: true, value: { status: 200 } });
  await expect.poll(() => late.result()).toMatchObject({ ok: true, value: { status: 200 } });
  expect(house.server.refreshes()).toHaveLength(2);
  expect(house.backend.rotations()).toBe(1);
  barrier.release();

  await holder.back();
  await expect.poll(() => holder.evaluate('window.restores')).toEqual([true]);
  const generation = (await waiter.run('snapshot')).generation;
  await expect.poll(async () => (await holder.run('snapshot')).generation, { message: 'the restored page adopts' }).toBe(generation);
  expect(await holder.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200 } });
  expect(house.server.refreshes(), 'and costs nothing').toHaveLength(2);
  for (const tab of [holder, waiter, third]) expect(await tab.run('events', 'ended')).toEqual([]);
  house.backend.rest();
  expect(await third.run('refresh')).toMatchObject({ ok: true });
});

test('row 5: an idle page with a session stays fit for the back/forward cache and resyncs when it returns', async ({ house }) => {
  const [holder, waiter] = await three(house);
  await mark(holder);
  await holder.goto(`${house.server.origin}/bare?elsewhere`);
  expect(await waiter.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200 } });
  await holder.back();
  await expect.poll(() => holder.evaluate('window.restores')).toEqual([true]);
  await expect.poll(async () => (await holder.run('snapshot')).generation).toBe((await waiter.run('snapshot')).generation);
  expect(house.server.refreshes()).toHaveLength(1);
});

test('row 11b: a page restored from the back/forward cache after a sign-out says so in pageshow', async ({ house }) => {
  const [holder, waiter] = await three(house);
  await mark(holder);
  await holder.evaluate(`void addEventListener('pageshow', () => { window.atShow = { status: subject.snapshot().status, token: subject.peek() }; })`);
  await holder.goto(`${house.server.origin}/bare?elsewhere`);
  expect(await waiter.run('signOut')).toEqual({ ok: true });
  await holder.back();
  await expect.poll(() => holder.evaluate('window.restores')).toEqual([true]);
  expect(await holder.run('token')).toMatchObject({ ok: false, code: 'session_ended' });
  expect(await holder.run('peek')).toBeNull();
  expect(await holder.run('snapshot')).toMatchObject({ status: 'ended', reason: 'signed_out' });
  expect(house.server.refreshes()).toEqual([]);
});

test('row 4: the refreshing page is frozen; another one overtakes; the late answer is discarded', async ({ house }) => {
  const [holder, waiter] = await three(house);
  const barrier = house.server.faults.hold('refresh', 'after');
  await holder.begin('api', '/api/me');
  await barrier.arrived;
  const waiting = await waiter.begin('api', '/api/me');
  await expect.poll(async () => (await waiter.run('snapshot')).activity).toBe('waiting');
  await holder.freeze();
  await expect.poll(() => waiting.result(), { timeout: 25_000 }).toMatchObject({ ok: true, value: { status: 200 } });
  const { generation } = await waiter.run('snapshot');
  barrier.release();
  await holder.thaw();
  await expect.poll(async () => (await holder.run('snapshot')).generation).toBe(generation);
  expect(await holder.run('peek')).toBe(await waiter.run('peek'));
  expect(house.server.refreshes()).toHaveLength(2);
  expect(house.backend.rotations()).toBe(1);
  for (const tab of [holder, waiter]) expect(await tab.run('events', 'ended')).toEqual([]);
});
