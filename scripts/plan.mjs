/** What `npm test`, `npm run lint` and `npm run check` consist of. CI's closing line expects a report from each step. */
import { join } from 'node:path';
import { playwrightCount, reports, vitestCount } from './steps.mjs';

export const vitestReport = join(reports, 'raw', 'vitest.json');
export const playwrightReport = join(reports, 'raw', 'playwright.json');

/** @type {import('./steps.mjs').Step[]} */
export const testSteps = [
  { name: 'setup', command: ['node', 'scripts/setup.mjs'], minutes: 12 },
  { name: 'build', command: ['node', 'scripts/build.mjs'], minutes: 2 },
  {
    name: 'unit',
    command: ['npx', 'vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`],
    minutes: 15,
    count: () => vitestCount(vitestReport),
  },
  { name: 'simulation', command: ['node', 'scripts/sim.mjs', '--runs', '10000', '--seed', '918586'], minutes: 10 },
  {
    name: 'e2e',
    command: ['npx', 'playwright', 'test', '--reporter=list,json'],
    minutes: 20,
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: playwrightReport },
    count: () => playwrightCount(playwrightReport),
  },
];

/** Each of these reads source or the built package; none needs a browser. @type {import('./steps.mjs').Step[]} */
export const lintSteps = [
  { name: 'oxlint', command: ['npx', 'oxlint', '--deny-warnings'], minutes: 1 },
  { name: 'knip', command: ['npx', 'knip'], minutes: 1 },
  { name: 'house', command: ['node', 'scripts/house.mjs'], minutes: 1 },
  { name: 'honesty', command: ['node', 'scripts/honesty.mjs'], minutes: 1 },
  { name: 'promises', command: ['node', 'scripts/promises.mjs', ...(process.env.CI ? ['--ran'] : [])], minutes: 1 },
  { name: 'api', command: ['node', 'scripts/api.mjs'], minutes: 4 },
  { name: 'package', command: ['node', 'scripts/pack.mjs'], minutes: 8 },
];

/** @type {import('./steps.mjs').Step[]} */
export const checkSteps = [
  { name: 'typecheck', command: ['npm', 'run', '--silent', 'typecheck'], minutes: 2 },
  // The core, without the types of any platform.
  { name: 'typecheck-core', command: ['npm', 'run', '--silent', 'typecheck:core'], minutes: 1 },
  ...lintSteps,
  { name: 'size', command: ['node', 'scripts/size.mjs'], minutes: 2 },
];
