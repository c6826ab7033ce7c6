/** The script of docs/service-worker.md that removes a broken worker, word for word. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../harness/fixtures.js';
import { get, plain, underWorker } from './plain.js';

test('the documented kill switch takes the worker out of the way without a reload', async ({ origin }) => {
  const document = readFileSync(join(import.meta.dirname, '../../docs/service-worker.md'), 'utf8');
  const code = /## The kill switch[^]*?```js\n([^]*?)```/.exec(document)?.[1];
  expect(code).toContain('unregister');
  const tab = await underWorker(origin);
  const page = await plain(origin);
  expect((await get(page)).status).toBe(200);
  origin.server.faults.next('page', (x) => x.send(new Response(code, { headers: { 'content-type': 'text/javascript' } })));
  const before = await page.evaluate(() => performance.timeOrigin);
  await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration())!.update()));
  await expect.poll(() => page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length)).toBe(0);
  expect((await get(page, '/api/bare')).status, 'nobody signs it any more').toBe(401);
  expect(await tab.run('api', '/api/me')).toMatchObject({ ok: true, value: { status: 200 } });
  expect(await page.evaluate(() => performance.timeOrigin)).toBe(before);
});
