/** Row 3: the refreshing tab crashes mid-refresh. */
import { expect, test } from '../harness/fixtures.js';
import { allServed, endMidRefresh, observeDurations, orphanLivesOn, stillAlive } from '../harness/victim.js';

test.describe('row 3, full', () => {
  for (const when of ['before', 'after'] as const)
    test(`the refreshing tab crashes ${when} the server has acted`, async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      const { survivors, barrier, answers } = await endMidRefresh(origin, tabs, when, (tab) => tab.crash());
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

test.describe('row 3, plain', () => {
  test.use({ level: 'plain' });

  for (const when of ['before', 'after'] as const)
    test(`the refreshing tab crashes ${when} a strict server has acted`, async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      await observeDurations(origin, tabs[0]!);
      const { survivors, barrier, answers } = await endMidRefresh(origin, tabs, when, (tab) => tab.crash());
      await orphanLivesOn();
      barrier.release();
      expect(await answers()).toEqual(allServed(survivors));
      expect(origin.server.refreshes().map((entry) => entry.status)).toEqual([200, 200]);
      await stillAlive(origin, survivors);
    });
});
