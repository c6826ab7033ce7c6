/** Fifty tabs: still one request, silence while nothing happens, and little memory each. */
import type { Page } from '@playwright/test';
import { expect, test } from '../e2e/harness/fixtures.js';
import { report, sample, show } from './ratio.js';

const TABS = 50;
const IDLE_MS = 8_000;

const heap = async (page: Page): Promise<number> => {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await cdp.send('Runtime.getHeapUsage')) as { usedSize: number };
  await cdp.detach();
  return usedSize / 1_048_576;
};

test('fifty tabs: one request, no heartbeat, at most 1 MB each', async ({ origin }) => {
  const tabs = await origin.signedIn(TABS);
  const calls = origin.storm(tabs);
  await Promise.all(calls.values());
  const requests = origin.server.refreshes().length;
  report('fifty tabs, one expiry', `${requests} request`, '1', requests === 1);
  expect(requests).toBe(1);

  const messages = await tabs[0]!.page.evaluate(
    async ([name, ms]) => {
      let count = 0;
      const channel = new BroadcastChannel(name);
      channel.onmessage = () => (count += 1);
      await new Promise((resolve) => setTimeout(resolve, ms));
      channel.close();
      return count;
    },
    [`tabaton/${origin.server.origin}/auth`, IDLE_MS] as const,
  );
  report(`fifty tabs idle for ${IDLE_MS / 1000} s`, `${messages} messages`, '0', messages === 0);
  expect(messages).toBe(0);

  const empty = await origin.browser.newPage();
  await empty.goto(`${origin.server.origin}/empty`);
  const base = await heap(empty);
  const each = [];
  for (const tab of tabs.slice(0, 15)) each.push((await heap(tab.page)) - base);
  const over = sample(each);
  report('JS heap of the SDK and its test page', `${show(over, 'MB')} over an empty page (${base.toFixed(2)} MB)`, '1 MB', over.median <= 1);
  expect(over.median).toBeLessThanOrEqual(1);
});
