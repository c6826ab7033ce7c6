/** The fast tests against a copy of the sources with one guard switched off. The working tree is never touched. */
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { guards } from './guards.mjs';
import { switchOff } from './switch-off.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const index = process.env.TABATON_PROOF;
const chosen = index === undefined ? undefined : guards[Number(index)];

export default defineConfig({
  root,
  // Several of these run beside each other.
  cacheDir: join(root, '.tmp', `proof-${index ?? 'none'}`),
  plugins: [
    {
      name: 'switch a guard off',
      enforce: 'pre',
      transform: (code, id) => (chosen && id.split('?')[0] === join(root, chosen.file) ? switchOff(chosen, code) : undefined),
    },
  ],
  test: {
    environment: 'node',
    // Of the worker only what runs without mocks: these tests share their modules.
    include: ['src/{core,browser,clients,simulation}/**/*.test.ts', 'src/worker/{configuration,doubt}.test.ts'],
    exclude: ['**/*.browser.test.ts'],
    pool: 'threads',
    maxWorkers: 1,
    isolate: false,
    bail: 1,
    testTimeout: 60_000,
  },
});
