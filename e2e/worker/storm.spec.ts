/** Row 1 with the worker among the contexts, and 401s in numbers from pages that have only the worker. */
import { expect, levels, test } from '../harness/fixtures.js';
import { neverEnded } from '../harness/origin.js';
import { get, plain, underWorker } from './plain.js';

for (const level of levels)
  test.describe(`worker, ${level}`, () => {
    test.use({ level });

    test('row 1: tabs with the SDK and pages under the worker get their 401 together', async ({ origin }) => {
      const first = await underWorker(origin);
      const tabs = [first, ...(await Promise.all([2, 3].map((n) => origin.open(`tab${n}`))))];
      const pages = await Promise.all([1, 2].map((n) => plain(origin, `plain${n}`)));
      for (const page of pages) expect((await get(page)).status).toBe(200);
      origin.backend.rest();
      origin.server.journal.clear();
      origin.server.api.clear();
      const barrier = origin.server.faults.hold('refresh', 'before');
      const storm = [...origin.storm(tabs).values()];
      const plains = pages.map((page) => get(page));
      await expect.poll(() => origin.server.api.rejections).toBe(5);
      barrier.release();
      for (const answer of await Promise.all(storm)) expect(answer).toMatchObject({ ok: true, value: { status: 200 } });
      for (const answer of await Promise.all(plains)) expect(answer).toMatchObject({ status: 200, user: 'ada' });
      expect(origin.server.refreshes()).toHaveLength(1);
      await neverEnded(tabs);
    });

    test('50 requests of 5 pages without SDK code get their 401 together: one refresh, by the worker', async ({ origin }) => {
      const tab = await underWorker(origin);
      const pages = await Promise.all([1, 2, 3, 4, 5].map((n) => plain(origin, `plain${n}`)));
      expect((await get(pages[0]!)).status).toBe(200);
      await tab.close();
      origin.backend.rest();
      origin.server.journal.clear();
      origin.server.api.clear();
      origin.server.api.expireAll();
      const answers = await Promise.all(pages.flatMap((page) => Array.from({ length: 10 }, (_, n) => get(page, `/api/${n}`, { method: 'POST', body: `body ${n}` }))));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
      expect(answers.map(({ echo }) => echo)).toEqual(pages.flatMap(() => Array.from({ length: 10 }, (_, n) => `body ${n}`)));
      const refreshes = origin.server.refreshes();
      expect(refreshes).toHaveLength(1);
      if (level === 'full') expect(refreshes[0]!.body).toContain('service_worker');
    });

    test('a token the API keeps refusing is refreshed once and handed through as 401', async ({ origin }) => {
      await underWorker(origin);
      const page = await plain(origin);
      expect((await get(page)).status).toBe(200);
      origin.backend.rest();
      origin.server.journal.clear();
      origin.server.faults.always('api', async (x) => (await x.act(), x.send(Response.json({}, { status: 401 }))));
      expect(await Promise.all([1, 2, 3].map(() => get(page)))).toMatchObject([{ status: 401 }, { status: 401 }, { status: 401 }]);
      expect((await get(page)).status).toBe(401);
      expect(origin.server.refreshes()).toHaveLength(1);
    });
  });
