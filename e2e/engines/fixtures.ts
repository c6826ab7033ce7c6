/** What a contract of an engine runs with: one browser for all of its tests, each with an origin of its own by its port. */
import { test as base } from '@playwright/test';
import { type House, house } from '../harness/origin.js';
import { app } from '../server/app.js';
import { mount, type Mounted } from '../server/backends.js';
import type { Engine, EngineTab } from './engine.js';

export interface InEngine extends House<EngineTab> {
  /** Any page of the origin. */
  visit(name: string, path: string): Promise<EngineTab>;
}

export function testIn(start: () => Promise<Engine>) {
  const test = base.extend<{ at: InEngine }, { engine: Engine }>({
    engine: [
      async ({}, use) => {
        const started = await start();
        await use(started);
        await started.quit();
      },
      { scope: 'worker', timeout: 120_000 },
    ],
    at: async ({ engine }, use) => {
      let mounted: Mounted | undefined;
      const server = await app(async (origin) => (mounted = await mount('full', { origin, lifetime: 900 })).handle);
      const tabs: EngineTab[] = [];
      const open = async (name: string, url: string): Promise<EngineTab> => {
        const tab = await engine.open(name, url);
        tabs.push(tab);
        return tab;
      };
      await use({ ...house(server, mounted!, open), visit: (name, path) => open(name, server.origin + path) });
      for (const tab of tabs) await tab.close().catch(() => undefined);
      await server.close();
    },
  });
  // Not spread over workers: each would start a browser of its own.
  test.describe.configure({ mode: 'default' });
  return test;
}

export type EngineTest = ReturnType<typeof testIn>;
