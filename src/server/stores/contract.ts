/**
 * The contract every store passes: those of this package, and yours (it is a part of `tabaton/testing`).
 *
 * A harness may move time: `advance(ms)` resolves when at least that much has passed on the store's clock
 * (a fake clock steps, a real one sleeps, a Redis store may shift its offset). Nothing here waits otherwise.
 */
import { eventContract } from './contract/events.js';
import { familyContract } from './contract/families.js';
import type { OpenStore, TestRunner } from './contract/harness.js';
import { leaseContract } from './contract/leases.js';
import { noteContract } from './contract/notes.js';
import { rotationContract } from './contract/rotation.js';
import { tokenContract } from './contract/tokens.js';
import { upstreamContract } from './contract/upstream.js';

export type { Matchers, OpenStore, StoreHarness, TestRunner } from './contract/harness.js';

/**
 * Declares the tests that a store must pass, in the test file beside it. `open` makes an empty store for each.
 *
 * @example
 * import * as vitest from 'vitest';
 * storeContract('my store', async () => ({ store, peer, advance, close }), vitest);
 */
export function storeContract(name: string, open: OpenStore, runner: TestRunner): void {
  const { describe } = runner;
  describe(`store contract: ${name}`, () => {
    for (const part of [
      familyContract,
      rotationContract,
      tokenContract,
      upstreamContract,
      leaseContract,
      eventContract,
      noteContract,
    ]) {
      describe(part.name, () => part(open, runner));
    }
  });
}
