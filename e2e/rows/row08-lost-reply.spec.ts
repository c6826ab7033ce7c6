/** Row 8: the reply is lost after the server has rotated. */
import { expect, test } from '../harness/fixtures.js';
import { allServed, stillAlive } from '../harness/victim.js';
import { cut } from '../server/faults.js';

test.describe('row 8, full', () => {
  test('a lost reply is replayed: same attempt, same cookie, nobody signed out', async ({ origin }) => {
    const tabs = await origin.signedIn(3);
    const { server } = origin;
    server.keepAlive(false);
    server.faults.always('refresh', cut('after'));
    const ends = async (): Promise<number> => (await Promise.all(tabs.map((tab) => tab.run('events', 'refresh')))).flat().length;
    const before = await ends();
    const storm = origin.storm(tabs);
    // Until the page knows of it: Chromium may have sent it twice before it gave up.
    await expect.poll(ends).toBeGreaterThan(before);
    server.faults.heal();
    expect(await Promise.all(storm.values())).toEqual(allServed(tabs));
    const entries = server.refreshes();
    expect(entries[0]?.sent).toBe('cut');
    expect(entries.at(-1)?.sent).toBe(200);
    expect(new Set(entries.map((entry) => entry.attempt)).size).toBe(1);
    expect(new Set(entries.flatMap((entry) => entry.setCookies.map((line) => line.split(';')[0]))).size, 'every reply carries the same cookie').toBe(1);
    expect(entries.map((entry) => entry.json?.['outcome'])).toEqual(['rotated', ...entries.slice(1).map(() => 'replayed')]);
    expect(origin.backend.rotations()).toBe(1);
    await stillAlive(origin, tabs);
  });

  test('row 8b: a POST that Chromium sends again by itself makes one rotation', async ({ origin }) => {
    const tabs = await origin.signedIn(3);
    origin.server.faults.next('refresh', cut('after'));
    const answers = await Promise.all(origin.storm(tabs).values());
    expect(answers.every((answer) => answer.ok)).toBe(true);
    expect(origin.server.refreshes().map((entry) => entry.json?.['outcome'])).toEqual(['rotated', 'replayed']);
    expect(origin.backend.rotations()).toBe(1);
    await stillAlive(origin, tabs);
  });
});

test.describe('row 8, plain', () => {
  test.use({ level: 'plain' });

  for (const [title, resend] of [
    ['a lost reply of a strict server', false],
    ['a POST that Chromium sends again to a strict server', true],
  ] as const)
    test(`${title} ends the session with a reason, once, and asks no more`, async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      origin.server.keepAlive(resend);
      origin.server.faults.next('refresh', cut('after'));
      await Promise.allSettled(origin.storm(tabs).values());
      for (const tab of tabs) {
        await expect.poll(async () => (await tab.run('snapshot')).status, { timeout: 30_000 }).toBe('ended');
        expect((await tab.run('snapshot')).reason).toBe('rejected');
        expect(await tab.run('events', 'ended')).toHaveLength(1);
      }
      const asked = origin.server.refreshes().length;
      for (const tab of tabs) expect(await tab.run('token')).toMatchObject({ ok: false, code: 'session_ended', reason: 'rejected' });
      expect(origin.server.refreshes()).toHaveLength(asked);
      expect(asked).toBeLessThanOrEqual(4);
    });
});
