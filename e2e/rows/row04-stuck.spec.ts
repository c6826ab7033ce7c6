/** Row 4, a holder that stands still without being told: a blocked page keeps the lock and answers nobody. */
import { expect, test } from '../harness/fixtures.js';
import { neverEnded } from '../harness/origin.js';
import { allServed } from '../harness/victim.js';

test.describe('row 4, full', () => {
  test('a page that hangs in its refresh is overtaken once, and its late answer is discarded', async ({ origin }) => {
    const tabs = await origin.signedIn(4);
    const barrier = origin.server.faults.hold('refresh', 'after');
    const storm = origin.storm(tabs);
    const { from } = await barrier.arrived;
    const holder = tabs.find((tab) => tab.name === from)!;
    const others = tabs.filter((tab) => tab !== holder);
    // Nothing of this page runs until a synchronous request is answered: no timer, no message, no abort of its own.
    const wake = origin.server.faults.hold('other', 'before');
    const blocked = holder.page.evaluate(() => {
      const request = new XMLHttpRequest();
      request.open('GET', '/auth/blocks', false);
      request.send();
    });
    await wake.arrived;

    expect(await Promise.all(others.map((tab) => storm.get(tab)))).toEqual(allServed(others));
    const overtakes = (await Promise.all(others.map((tab) => tab.run('events', 'overtake')))).flat();
    expect(overtakes).toHaveLength(1);
    expect(Number(overtakes[0]!.event['waited'])).toBeGreaterThanOrEqual(10_000);
    const generation = (await others[0]!.run('snapshot')).generation;
    expect(origin.server.refreshes().map((entry) => entry.json?.['outcome'])).toEqual(['rotated', 'replayed']);

    barrier.release();
    wake.release();
    await blocked;
    expect(await storm.get(holder)).toMatchObject({ ok: true, value: { status: 200 } });
    for (const tab of tabs) await expect.poll(async () => (await tab.run('snapshot')).generation).toBe(generation);
    expect(new Set(await Promise.all(tabs.map((tab) => tab.run('peek')))).size).toBe(1);
    expect(origin.server.refreshes()).toHaveLength(2);
    await neverEnded(tabs);
  });
});
