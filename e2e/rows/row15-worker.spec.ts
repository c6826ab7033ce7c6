/** Row 15, the page's half: with no worker, an application's own worker, or a page it does not control, requests carry a token. */
import { expect, levels, test } from '../harness/fixtures.js';
import { becomesActive } from '../harness/origin.js';
import type { Tab } from '../harness/tab.js';

const asAda = { ok: true, value: { status: 200, user: 'ada' } };
const controlled = (tab: Tab): Promise<boolean> => tab.page.evaluate(() => navigator.serviceWorker.controller !== null);
const register = (tab: Tab, version: number): Promise<void> =>
  tab.page.evaluate(async (v) => {
    await navigator.serviceWorker.register(`/own-worker.js?version=${v}`);
    await navigator.serviceWorker.ready;
    while (!navigator.serviceWorker.controller?.scriptURL.endsWith(`=${v}`))
      await new Promise((changed) => navigator.serviceWorker.addEventListener('controllerchange', changed, { once: true }));
    // It has the page before it claims the others: a page that is reloaded in between would be claimed again.
    const { controller } = navigator.serviceWorker;
    while (controller.state !== 'activated') await new Promise((changed) => controller.addEventListener('statechange', changed, { once: true }));
  }, version);

for (const level of levels)
  test.describe(`row 15, ${level}`, () => {
    test.use({ level });

    test('requests are authenticated, whatever worker there is, and no page is reloaded by the package', async ({ origin }) => {
      const [first, second] = (await origin.signedIn(2)) as [Tab, Tab];
      const loads = { count: 0 };
      for (const tab of [first, second]) tab.page.on('load', () => (loads.count += 1));

      await test.step('no worker at all', async () => {
        expect(await first.run('api', '/api/me')).toMatchObject(asAda);
      });
      await test.step('a worker takes over pages that were loaded without it', async () => {
        await register(first, 1);
        await expect.poll(() => controlled(second)).toBe(true);
        for (const tab of [first, second]) expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
      });
      await test.step('a new version replaces it under an old page', async () => {
        await register(second, 2);
        for (const tab of [first, second]) expect(await tab.run('api', '/api/me')).toMatchObject(asAda);
      });
      expect(loads.count).toBe(0);
      await test.step('a forced reload: the worker does not control the page', async () => {
        const cdp = await origin.browser.newCDPSession(first.page);
        const loaded = first.page.waitForEvent('load');
        await cdp.send('Page.reload', { ignoreCache: true });
        await loaded;
        expect(await controlled(first)).toBe(false);
        await becomesActive([first]);
        expect(await first.run('api', '/api/me')).toMatchObject(asAda);
      });
      await test.step('the refresh itself and a 401 on the way, behind the worker', async () => {
        const answers = await Promise.all(origin.storm([first, second]).values());
        expect(answers).toEqual([expect.objectContaining({ ok: true }), expect.objectContaining({ ok: true })]);
      });
      expect(loads.count).toBe(1);
      expect(origin.server.api.anonymous, 'no request went out without a token').toBe(0);
    });
  });
