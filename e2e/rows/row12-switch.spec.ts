/** Row 12: another person signs in while the first one's refresh is under way. */
import { expect, test } from '../harness/fixtures.js';
import { becomesActive, neverEnded } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';

async function allAre(user: string, tabs: Tab[]): Promise<void> {
  for (const tab of tabs)
    await expect.poll(async () => await tab.run('api', '/api/me'), { message: `${tab.name} calls as ${user}` }).toMatchObject({ ok: true, value: { status: 200, user } });
  const sids = await Promise.all(tabs.map(async (tab) => (await tab.run('snapshot')).sid));
  expect(new Set(sids).size).toBe(1);
}

test.describe('row 12, full', () => {
  for (const when of ['before', 'after'] as const)
    test(`bob signs in while ada's refresh is held ${when} the server acts, and her answer lands last`, async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      const barrier = origin.server.faults.hold('refresh', when);
      const storm = origin.storm(tabs);
      const { from } = await barrier.arrived;
      const switching = tabs.find((tab) => tab.name !== from)!;
      const login = switching.run('login', 'bob');
      await expect.poll(() => origin.server.journal.of('login').some((entry) => entry.sent === 200)).toBe(true);
      barrier.release();
      expect(await login).toEqual({ ok: true });
      await Promise.allSettled(storm.values());
      await allAre('bob', tabs);
      for (const tab of tabs) expect(await tab.run('events', 'ended'), 'a switch is no end').toEqual([]);
      // What a browser restart would find: ada's late cookie did not take the place of bob's.
      const fresh = await origin.open('fresh');
      await becomesActive([fresh]);
      await allAre('bob', [...tabs, fresh]);
    });

  test('a slow startup that knew no cookie does not undo the sign-in of another tab', async ({ origin }) => {
    const slow = await origin.open('slow', { start: 'lazy' });
    const barrier = origin.server.faults.hold('refresh', 'before');
    const asking = slow.run('token');
    expect((await barrier.arrived).cookie).toBe('');
    const tab = await origin.open('tab1', { start: 'lazy' });
    const login = tab.run('login', 'ada');
    await expect.poll(() => origin.server.journal.of('login').some((entry) => entry.sent === 200)).toBe(true);
    barrier.release();
    expect(await login).toEqual({ ok: true });
    // Told "nobody", it looked once more and found the session that had begun meanwhile.
    expect(await asking).toMatchObject({ ok: true });
    await becomesActive([slow, tab]);
    await allAre('ada', [slow, tab]);
    await neverEnded([slow, tab]);
  });

  test('a slow startup that knew no cookie finds the login that ended in a redirect meanwhile', async ({ origin }) => {
    const slow = await origin.open('slow', { start: 'lazy' });
    const barrier = origin.server.faults.hold('refresh', 'before');
    const asking = slow.run('token');
    expect((await barrier.arrived).cookie).toBe('');
    // The cookie lands and nobody calls start(): that is how a login page leaves an origin.
    const elsewhere = await origin.open('elsewhere', { start: 'lazy' });
    expect(await elsewhere.run('loginRequest', 'ada')).toBe(200);
    barrier.release();
    expect(await asking).toMatchObject({ ok: true });
    expect(origin.server.refreshes().map((entry) => entry.status)).toEqual([400, 200]);
  });

  test('two sign-ins at once: one of them wins everywhere and nobody is thrown out', async ({ origin }) => {
    const tabs = [await origin.open('tab1'), await origin.open('tab2'), await origin.open('tab3')];
    const logins = await Promise.all([tabs[0]!.run('login', 'ada'), tabs[1]!.run('login', 'bob')]);
    expect(logins).toEqual([{ ok: true }, { ok: true }]);
    await becomesActive(tabs);
    const users = async (): Promise<unknown[]> => Promise.all(tabs.map(async (tab) => (await tab.run('snapshot')).sub));
    await expect.poll(async () => new Set(await users()).size).toBe(1);
    await allAre(String((await users())[0]), tabs);
    await neverEnded(tabs);
  });
});
