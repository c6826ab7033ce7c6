import { test as base } from '@playwright/test';
import { app } from '../server/app.js';
import { type Level, type Mounted, mount } from '../server/backends.js';
import { type Origin, origin } from './origin.js';

export interface RowOptions {
  /** Which backend is behind `/auth`: the package's own endpoint, or a strict single-use one that knows nothing of it. */
  level: Level;
  /** Seconds an access token lives. */
  lifetime: number;
}

export const test = base.extend<RowOptions & { origin: Origin }>({
  level: ['full', { option: true }],
  lifetime: [900, { option: true }],
  origin: async ({ level, lifetime, context }, use) => {
    let mounted: Mounted | undefined;
    const server = await app(async (at) => {
      mounted = await mount(level, { origin: at, lifetime });
      return mounted.handle;
    });
    if (!mounted) throw new Error('No backend was mounted.');
    await use(origin(server, mounted, context));
    await context.close();
    await server.close();
  },
});

export const levels: readonly Level[] = ['full', 'plain'];

export { expect } from '@playwright/test';
