import { defineConfig } from '@playwright/test';
import { argsForPlaywright, executablePath, hidingFlags } from './e2e/browser/launch.js';

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results',
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  timeout: 240_000,
  expect: { timeout: 45_000 },
  reporter: [['list']],
  use: {
    browserName: 'chromium',
    headless: true,
    launchOptions: { executablePath, args: argsForPlaywright, ignoreDefaultArgs: hidingFlags },
  },
});
