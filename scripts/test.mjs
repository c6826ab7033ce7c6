/**
 * npm test: what the tests need (setup), the build they run against, unit and contract tests in Node and in a real
 * Chromium, the seeded simulation, then whole tabs in Playwright.
 */
import { rmSync } from 'node:fs';
import { argumentsOf } from './arguments.mjs';
import { playwrightReport, testSteps, vitestReport } from './plan.mjs';
import { runSteps } from './steps.mjs';

argumentsOf('npm test');
// A report of an earlier run must not be read as this one's.
for (const file of [vitestReport, playwrightReport]) rmSync(file, { force: true });
process.exit((await runSteps(testSteps)) ? 0 : 1);
