/** Firefox over WebDriver BiDi. */
import { launch, type Page } from 'puppeteer-core';
import { firefoxPath } from '../../scripts/browser-path.mjs';
import type { Run } from '../server/pages/subject.js';
import { callOf, type Engine, type EngineTab } from './engine.js';

export async function firefox(): Promise<Engine> {
  const browser = await launch({ browser: 'firefox', executablePath: firefoxPath(), headless: true });
  const pages = new Map<EngineTab, Page>();
  return {
    async open(name, url) {
      const page = await browser.newPage();
      await page.goto(url);
      const evaluate = async <T>(expression: string): Promise<T> => {
        const text = (await page.evaluate(`(async () => JSON.stringify({ value: await ${expression} }))()`)) as string;
        return (JSON.parse(text) as { value: T }).value;
      };
      const tab: EngineTab = {
        name,
        run: ((command, ...args: unknown[]) => evaluate(callOf(command, args))) as Run,
        evaluate,
        goto: async (to) => void (await page.goto(to)),
        // Waiting for the navigation would never end: a page that comes out of the cache does not load.
        back: async () => void (await page.evaluate(() => void setTimeout(() => history.back(), 0))),
        close: () => page.close(),
      };
      pages.set(tab, page);
      return tab;
    },
    cookies: async () => (await browser.cookies()).map(({ name, httpOnly = false }) => ({ name, httpOnly })),
    quit: () => browser.close(),
  };
}
