/**
 * The contract every store passes: import it in a test file beside the store and hand it a way to open one.
 *
 * A harness may move time: `advance(ms)` resolves when at least that much has passed on the store's clock
 * (a fake clock steps, a real one sleeps, a Redis store may shift its offset). Nothing here waits otherwise.
 */
import { describe } from 'vitest';
import { eventContract } from './contract/events.js';
import { familyContract } from './contract/families.js';
import type { OpenStore } from './contract/harness.js';
import { leaseContract } from './contract/leases.js';
import { noteContract } from './contract/notes.js';
import { rotationContract } from './contract/rotation.js';
import { tokenContract } from './contract/tokens.js';
import { upstreamContract } from './contract/upstream.js';

export { type StoreHarness } from './contract/harness.js';

export function storeContract(name: string, open: OpenStore): void {
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
      describe(part.name, () => part(open));
    }
  });
}
