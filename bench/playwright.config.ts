import { defineConfig } from '@playwright/test';
import { wholeBrowser } from '../e2e/browser/launch.js';
import base from '../playwright.config.js';

/** Benches run one after another in one process: what is compared shares a run. In the whole browser, as people have it. */
export default defineConfig({
  ...base,
  testDir: '.',
  testMatch: '*.bench.ts',
  workers: 1,
  fullyParallel: false,
  timeout: 300_000,
  reporter: [['line']],
  use: { ...base.use, launchOptions: { ...base.use?.launchOptions, executablePath: wholeBrowser } },
});
