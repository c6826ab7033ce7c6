/** Waits for a locked file without holding up the process. */
import type { ServerRandom } from '../../clock.js';
import { SqliteBusyError } from './connection.js';

/** With the 20 ms each attempt blocks at most: about 3 s, then the store counts as unavailable. */
const ATTEMPTS = 100;

export interface Patience {
  /** Runs until the file is free; everything else that fails, fails at once. */
  retry<T>(work: () => T): Promise<T>;
}

/**
 * @param sleep Waits for so many milliseconds of real time, for another process has no other, and keeps this one
 * alive meanwhile: a script must not end in the middle of a write because nothing but the wait is left.
 */
export function patience(sleep: (ms: number) => Promise<unknown>, random: ServerRandom): Patience {
  return {
    async retry(work) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return work();
        } catch (error) {
          if (!(error instanceof SqliteBusyError) || attempt === ATTEMPTS) throw error;
        }
        // Spread, so that processes that collided once do not collide again.
        await sleep(2 + random.next() * 16);
      }
    },
  };
}
