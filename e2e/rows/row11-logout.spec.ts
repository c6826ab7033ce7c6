/** Row 11: sign-out before, during and after a refresh, from another tab, leaves no token and no cookie. */
import { expect, levels, test } from '../harness/fixtures.js';
import { type Origin } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';

async function signedOutForGood(origin: Origin, tabs: Tab[]): Promise<void> {
  for (const tab of tabs) {
    await expect.poll(() => tab.run('snapshot')).toMatchObject({ status: 'ended', reason: 'signed_out' });
    expect(await tab.run('peek')).toBeNull();
    expect(await tab.run('token')).toMatchObject({ ok: false, code: 'session_ended' });
    expect(await tab.run('api', '/api/me')).toMatchObject({ ok: false, code: 'session_ended' });
    expect(await tab.run('events', 'ended')).toHaveLength(1);
  }
  await expect.poll(() => origin.cookies(), { message: 'no cookie is left' }).toEqual([]);
  const fresh = await origin.open('fresh');
  await expect.poll(async () => (await fresh.run('snapshot')).status).toBe('anonymous');
  expect(await fresh.run('peek')).toBeNull();
}

for (const level of levels)
  test.describe(`row 11, ${level}`, () => {
    test.use({ level });

    test('signed out in one tab, out in all', async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      expect(await tabs[1]!.run('signOut')).toEqual({ ok: true });
      await signedOutForGood(origin, tabs);
      expect(origin.server.refreshes().filter((entry) => entry.status === 200)).toEqual([]);
    });

    for (const when of ['before', 'after'] as const)
      test(`while another tab's refresh is held ${when} the server acts`, async ({ origin }) => {
        const tabs = await origin.signedIn(3);
        const barrier = origin.server.faults.hold('refresh', when);
        const storm = origin.storm(tabs);
        const { from } = await barrier.arrived;
        const other = tabs.find((tab) => tab.name !== from)!;
        const signedOut = other.run('signOut');
        await expect.poll(() => origin.server.journal.of('logout').some((entry) => entry.acted)).toBe(true);
        barrier.release();
        expect(await signedOut).toEqual({ ok: true });
        await Promise.allSettled(storm.values());
        await signedOutForGood(origin, tabs);
      });

    test("by the tab that refreshes, with its answer and cookie already on the way", async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      const barrier = origin.server.faults.hold('refresh', 'after');
      const storm = origin.storm(tabs);
      const { from } = await barrier.arrived;
      const own = tabs.find((tab) => tab.name === from)!;
      const signedOut = own.run('signOut');
      barrier.release();
      expect(await signedOut).toEqual({ ok: true });
      await Promise.allSettled(storm.values());
      await signedOutForGood(origin, tabs);
    });

    test('after a refresh', async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      expect(await tabs[0]!.run('refresh')).toMatchObject({ ok: true });
      expect(await tabs[2]!.run('signOut')).toEqual({ ok: true });
      await signedOutForGood(origin, tabs);
    });
  });
