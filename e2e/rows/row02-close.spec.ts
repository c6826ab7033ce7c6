/** Row 2: the refreshing tab is closed mid-refresh. */
import { expect, test } from '../harness/fixtures.js';
import { becomesActive } from '../harness/origin.js';
import { allServed, endMidRefresh, observeDurations, orphanLivesOn, stillAlive } from '../harness/victim.js';

test.describe('row 2, full', () => {
  for (const when of ['before', 'after'] as const)
    test(`the refreshing tab is closed ${when} the server has acted`, async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      const { survivors, barrier, answers } = await endMidRefresh(origin, tabs, when, (tab) => tab.close());
      // The successor does not wait for the orphan, which is still held: the endpoint knows its attempt.
      expect(await answers()).toEqual(allServed(survivors));
      const [first, second] = origin.server.refreshes();
      expect(second?.attempt).toBe(first?.attempt);
      barrier.release();
      await expect.poll(() => first?.sent).toBe(200);
      expect(origin.server.refreshes()).toHaveLength(2);
      expect(origin.backend.rotations()).toBe(1);
      await stillAlive(origin, survivors);
    });
});

test.describe('row 2, full, a worker refreshes', () => {
  for (const when of ['before', 'after'] as const)
    test(`its tab is closed ${when} the server has acted, and its request dies with it`, async ({ origin }) => {
      const [host, ...tabs] = await origin.signedIn(3);
      const worker = await host!.add('worker', 'worker');
      await becomesActive([worker]);
      const barrier = origin.server.faults.hold('refresh', when);
      const asked = worker.run('refresh').catch(() => 'gone');
      expect((await barrier.arrived).from).toBe('worker');
      const storm = origin.storm(tabs);
      await host!.close();
      expect(await asked).toBe('gone');
      expect(await Promise.all(storm.values())).toEqual(allServed(tabs));
      barrier.release();
      expect(origin.backend.rotations()).toBe(1);
      await stillAlive(origin, tabs);
    });
});

test.describe('row 2, plain', () => {
  test.use({ level: 'plain' });

  for (const when of ['before', 'after'] as const)
    test(`the refreshing tab is closed ${when} a strict server has acted`, async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      await observeDurations(origin, tabs[0]!);
      const { survivors, barrier, answers } = await endMidRefresh(origin, tabs, when, (tab) => tab.close());
      await orphanLivesOn();
      barrier.release();
      expect(await answers()).toEqual(allServed(survivors));
      expect(origin.server.refreshes().map((entry) => entry.status)).toEqual([200, 200]);
      await stillAlive(origin, survivors);
    });
});

test.describe('row 2, plain, nothing known of the server', () => {
  test.use({ level: 'plain' });

  test('the successor waits out the whole deadline of the orphan', async ({ origin }) => {
    const tabs = await origin.signedIn(2);
    const { survivors, barrier, answers } = await endMidRefresh(origin, tabs, 'after', (tab) => tab.close());
    await orphanLivesOn();
    barrier.release();
    expect(await answers()).toEqual(allServed(survivors));
    const [orphan, successor] = origin.server.refreshes();
    // The orphan's 10 s run from its start, a moment before it arrived: 9 s is the least that proves the patience.
    expect(successor!.at - orphan!.at).toBeGreaterThan(9_000);
    expect(origin.server.refreshes()).toHaveLength(2);
    await stillAlive(origin, survivors);
  });
});
