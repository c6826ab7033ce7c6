/** Row 9: everything that is not a definitive answer leaves the session alone. */
import { expect, levels, test } from '../harness/fixtures.js';
import { getsToken, neverEnded } from '../harness/origin.js';
import { answer, type Fault, html, json } from '../server/faults.js';

const weather: [title: string, fault: Fault][] = [
  ['408', answer(408, {}, '')],
  ['425', answer(425, {}, '')],
  ['429', json(429, { error: 'slow_down' })],
  ['500', answer(500, { 'content-type': 'text/plain' }, 'oops')],
  ['502 with HTML', html(502, '<h1>Bad gateway</h1>')],
  ['503 with JSON', json(503, { error: 'temporarily_unavailable' })],
  ['504', answer(504, {}, '')],
  ['a 403 page of a firewall', html(403, '<h1>Blocked</h1>')],
  ['a 200 page of a captive portal', html(200, '<h1>Welcome to the hotel</h1>')],
  ['a 200 that is cut short', answer(200, { 'content-type': 'application/json' }, '{"access_token":"eyJ')],
  ['a redirect to a captive portal', answer(302, { location: '/bare' }, '')],
];

for (const level of levels)
  test.describe(`row 9, ${level}`, () => {
    test.use({ level });

    for (const [title, fault] of weather)
      test(`${title}: session intact, one request per round, then it goes on`, async ({ origin }) => {
        const tabs = await origin.signedIn(3);
        origin.server.faults.next('refresh', fault);
        await Promise.allSettled(origin.storm(tabs).values());
        await getsToken(tabs);
        await neverEnded(tabs);
        expect(origin.server.refreshes().map((entry) => entry.acted)).toEqual([false, true]);
      });

    test('Retry-After is honoured by every tab', async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      origin.server.faults.next('refresh', json(429, { error: 'slow_down' }, { 'retry-after': '3' }));
      await Promise.allSettled(origin.storm(tabs).values());
      for (const tab of tabs) await tab.run('token', { wait: false });
      await getsToken(tabs);
      const [refused, served] = origin.server.refreshes();
      expect(origin.server.refreshes()).toHaveLength(2);
      expect(served!.at - refused!.at).toBeGreaterThanOrEqual(3_000);
      await neverEnded(tabs);
    });

    test('three failures in a row are told as degraded, and the fourth try is as good as any', async ({ origin }) => {
      const tabs = await origin.signedIn(2);
      const busy = json(503, { error: 'temporarily_unavailable' });
      origin.server.faults.next('refresh', busy, busy, busy);
      await Promise.allSettled(origin.storm(tabs).values());
      await getsToken(tabs, 30_000);
      expect(origin.server.refreshes()).toHaveLength(4);
      const told = await Promise.all(tabs.map((tab) => tab.run('events', 'degraded')));
      expect(told.flat().length).toBeGreaterThan(0);
      for (const tab of tabs) await expect.poll(async () => (await tab.run('snapshot')).connection).toBe('ok');
      await neverEnded(tabs);
    });

    test('offline: no refresh can be had, and it is had as soon as the network is back', async ({ origin }) => {
      const tabs = await origin.signedIn(3);
      origin.server.api.expireAll();
      await origin.browser.setOffline(true);
      for (const answer of await Promise.all(tabs.map((tab) => tab.run('refreshWithin', 2_000)))) expect(answer).toMatchObject({ ok: false });
      await neverEnded(tabs);
      expect(origin.server.refreshes()).toEqual([]);
      await origin.browser.setOffline(false);
      await getsToken(tabs, 30_000);
      expect(origin.server.refreshes()).toHaveLength(1);
      await neverEnded(tabs);
    });
  });
