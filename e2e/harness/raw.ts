/** Fixtures for rows that need a browser of their own: freezing, bfcache, killing and restarting with the profile. */
import { test as base, expect } from '@playwright/test';
import type { Chromium, Profile } from '../browser/chromium.js';
import { profile } from '../browser/chromium.js';
import type { RawTab } from '../browser/tab.js';
import { type App, app } from '../server/app.js';
import { type Level, type Mounted, mount } from '../server/backends.js';
import type { SessionOptions } from '../server/pages/subject.js';

export interface House {
  readonly server: App;
  readonly backend: Mounted;
  /** Starts the browser; after `kill` or `quit` of the last one, again with the same profile. */
  launch(): Promise<Chromium>;
  address(name: string, options?: SessionOptions): string;
}

export const test = base.extend<{ level: Level; profile: Profile; house: House }>({
  level: ['full', { option: true }],
  profile: async ({}, use) => {
    const made = profile();
    await use(made);
    await made.remove();
  },
  house: async ({ level, profile: files }, use) => {
    let mounted: Mounted | undefined;
    const server = await app(async (origin) => {
      mounted = await mount(level, { origin, lifetime: 900 });
      return mounted.handle;
    });
    if (!mounted) throw new Error('No backend was mounted.');
    await use({
      server,
      backend: mounted,
      launch: () => files.launch(),
      address: (name, options = {}) => `${server.origin}/?name=${name}&options=${encodeURIComponent(JSON.stringify(options))}`,
    });
    await server.close();
  },
});

export async function active(tab: RawTab, timeout = 15_000): Promise<void> {
  await expect.poll(async () => (await tab.run('snapshot')).status, { timeout }).toBe('active');
}

export { expect };
