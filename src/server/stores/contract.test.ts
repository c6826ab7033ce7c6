/** The contract itself, under a runner that is nobody's: it passes a store that keeps it, and finds one that does not. */
import { expect, test } from 'vitest';
import type { Store } from '../store.js';
import { fakeClock } from '../testing/fake-clock.js';
import { storeContract } from './contract.js';
import { memoryStore } from './memory.js';

/** Titles of the tests that fail, and how many there are. */
async function run(change: (store: Store) => Store): Promise<{ count: number; failed: string[] }> {
  const tests: [title: string, run: () => Promise<void>][] = [];
  const before: (() => Promise<void>)[] = [];
  const after: (() => Promise<void>)[] = [];
  // Each part opens a store of its own before each test.
  const hooks = { beforeEach: (hook: () => Promise<void>) => before.push(hook), afterEach: (hook: () => Promise<void>) => after.push(hook) };
  storeContract(
    'mine',
    async () => {
      const clock = fakeClock();
      const store = change(memoryStore({ clock }));
      return { store, peer: store, advance: clock.advance, close: () => store.close() };
    },
    { describe: (_, declare) => declare(), test: (title, body) => tests.push([title, body]), expect, ...hooks },
  );
  const failed: string[] = [];
  for (const [title, body] of tests) {
    for (const hook of before) await hook();
    await body().catch(() => failed.push(title));
    for (const hook of after) await hook();
  }
  return { count: tests.length, failed };
}

test('a store that keeps the contract passes every test of it', async () => {
  const { count, failed } = await run((store) => store);
  expect(count).toBeGreaterThan(50);
  expect(failed).toEqual([]);
});

test('a store that ends a family twice is found', async () => {
  const { failed } = await run((store) => ({ ...store, end: async (...what) => (await store.end(...what), true) }));
  expect(failed.length).toBeGreaterThan(0);
});
