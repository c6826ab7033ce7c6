/** Sign-out on one device reaches the browsers of the others: a visible page at once, the rest with their next refresh. */
import { expect, test } from '../harness/fixtures.js';
import { becomesActive, type Origin, origin as another } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';

const streams = (origin: Origin) => origin.server.journal.of('events').filter((entry) => entry.status === 200);

/** As `origin.signedIn`, without forgetting what was seen. */
async function signedIn(origin: Origin, count: number): Promise<Tab[]> {
  const tabs = [await origin.open('tab1')];
  expect(await tabs[0]!.run('login', 'ada')).toEqual({ ok: true });
  for (let n = 2; n <= count; n += 1) tabs.push(await origin.open(`tab${n}`));
  await becomesActive(tabs);
  await expect.poll(() => streams(origin).length, { message: 'one stream, however many tabs' }).toBe(1);
  return tabs;
}

test('signed out everywhere from another device: every tab here is told', async ({ origin, browser }) => {
  const tabs = await signedIn(origin, 3);

  const device = await browser.newContext();
  const elsewhere = another(origin.server, origin.backend, device);
  const there = await elsewhere.open('there');
  expect(await there.run('login', 'ada')).toEqual({ ok: true });
  origin.server.journal.clear();

  expect(await there.run('signOut', 'all')).toEqual({ ok: true });
  const told = Date.now();
  for (const tab of tabs) {
    await expect.poll(() => tab.run('snapshot')).toMatchObject({ status: 'ended', reason: 'signed_out' });
    expect(await tab.run('peek')).toBeNull();
    expect(await tab.run('events', 'ended')).toHaveLength(1);
  }
  // Not a wall-clock limit on a machine that may be busy: nobody asked, so it was the stream that told.
  const ended = await Promise.all(tabs.map(async (tab) => ((await tab.run('events', 'ended'))[0] as unknown as { event: { at: number } }).event.at));
  test.info().annotations.push({ type: 'ms after the sign-out returned', description: String(Math.max(...ended) - told) });
  expect([origin.server.refreshes(), origin.server.journal.of('session')], 'nobody had to ask').toEqual([[], []]);
  await device.close();
});

test('a browser without a stream learns of it with its next refresh', async ({ origin, browser }) => {
  const [tab] = await origin.signedIn(1, { session: { leadership: 'never' } });
  const device = await browser.newContext();
  const there = await another(origin.server, origin.backend, device).open('there');
  expect(await there.run('login', 'ada')).toEqual({ ok: true });
  expect(await there.run('signOut', 'all')).toEqual({ ok: true });
  expect(await tab!.run('refresh')).toMatchObject({ ok: false, code: 'session_ended' });
  expect(streams(origin).filter((entry) => entry.from === 'tab1')).toEqual([]);
  await device.close();
});

test('the stream follows the leader when its tab is closed', async ({ origin }) => {
  const tabs = await signedIn(origin, 2);
  const leads = await Promise.all(tabs.map(async (tab) => (await tab.run('snapshot')).role === 'leader'));
  await tabs[leads.indexOf(true)]!.close();
  await expect.poll(() => streams(origin).length).toBe(2);
});
