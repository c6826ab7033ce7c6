import { defineConfig } from '@playwright/test';
import base from '../playwright.config.js';

/** Benches run one after another in one process: what is compared shares a run. */
export default defineConfig({ ...base, testDir: '.', testMatch: '*.bench.ts', workers: 1, fullyParallel: false, timeout: 300_000, reporter: [['line']] });
