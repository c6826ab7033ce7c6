import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { endpointBackend } from './src/testing/contracts/endpoint-backend.js';
import { findChromium } from './scripts/browser-path.mjs';

/** The browser that `npm run setup` found; without one only the browser project fails, with Playwright's own words. */
const executablePath = findChromium();

export default defineConfig({
  test: {
    // Left alone, two cores get one worker.
    maxWorkers: 2,
    projects: [
      {
        // The examples import the package by its name; the tests mean its source.
        resolve: {
          alias: [
            { find: /^tabaton\/server$/, replacement: fileURLToPath(new URL('src/server/index.ts', import.meta.url)) },
            { find: /^tabaton\/server\/(node|sqlite|redis)$/, replacement: fileURLToPath(new URL('src/server/', import.meta.url)) + '$1.ts' },
          ],
        },
        test: {
          name: 'node',
          environment: 'node',
          include: ['src/**/*.test.ts', 'scripts/**/*.test.{ts,mjs}', 'demo/**/*.test.ts'],
          exclude: ['**/*.browser.test.ts', '**/node_modules/**', '**/dist/**'],
        },
      },
      {
        // The ports' contract suites on the real thing: locks, channel and ledger of a real Chromium.
        plugins: [
          {
            name: 'endpoint-backend',
            configureServer(server) {
              const backend = endpointBackend(() => 'https://127.0.0.1:1/');
              server.middlewares.use('/backend', (request, response) => void backend(request, response));
            },
          },
        ],
        optimizeDeps: { include: ['idb-keyval', 'broadcast-channel'] },
        test: {
          name: 'browser',
          include: ['src/**/*.browser.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({ launchOptions: { ...(executablePath ? { executablePath } : {}), args: ['--no-sandbox'] } }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
