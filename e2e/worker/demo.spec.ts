/** The demo's switch: a real tab turns the worker on, and plain `fetch()` is signed. */
import { test as base, expect } from '@playwright/test';
import { type Demo, startDemo } from '../../demo/start.mjs';

const test = base.extend<{ demo: Demo }>({
  demo: async ({}, use) => {
    const demo = await startDemo();
    await use(demo);
    await demo.close();
  },
});

test('the demo with the worker on: plain fetch() is signed, and off: it goes out bare', async ({ page, demo }) => {
  await page.goto(`${demo.url}/tab`);
  const part = (name: string) => page.locator(`[data-part=${name}]`);
  await part('sign').click();
  await expect(part('headline')).toContainText('Signed in');
  await part('plain').click();
  await expect(part('outcome')).toContainText('missing_token');
  await part('worker').click();
  await expect(part('worker')).toHaveText('Service worker: active');
  await part('plain').click();
  await expect(part('outcome')).toContainText('"generation"');
  await part('worker').click();
  await expect(part('worker')).toHaveText('Service worker: off');
  await part('plain').click();
  await expect(part('outcome')).toContainText('missing_token');
});
