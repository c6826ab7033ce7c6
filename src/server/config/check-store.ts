/**
 * Whether the store can be worked with, asked before the first visitor is. It writes, reads and takes back a note: a
 * Redis that only replicates and a file that may only be read would pass a mere question.
 */
import { keepAlive, pause, type ServerClock, type ServerRandom } from '../clock.js';
import { base64url } from '../encoding.js';
import { type Store, StoreUnavailableError } from '../store.js';
import { MisconfiguredError } from './misconfigured.js';

const NOTE_TTL_MS = 60_000;
const PAUSE_MS = 250;

/** @throws MisconfiguredError for the option `store`, when it could not be used for `waitMs`. */
export async function checkStore(store: Store, { clock, random, waitMs }: { clock: ServerClock; random: ServerRandom; waitMs: number }): Promise<void> {
  const until = clock.now() + waitMs;
  // Without this a process that has nothing else to do would end before the sentence is said.
  const release = keepAlive();
  try {
    for (;;) {
      const reason = await failure(store, random);
      if (reason === undefined) return;
      if (clock.now() >= until) {
        throw new MisconfiguredError(
          'store',
          `cannot be used: ${reason} Start it, correct where and how it is reached, or give this process the right to write to it.`,
        );
      }
      await pause(clock, PAUSE_MS);
    }
  } finally {
    release();
  }
}

async function failure(store: Store, random: ServerRandom): Promise<string | undefined> {
  const key = `start:${base64url(random.bytes(16))}`;
  try {
    await store.put(key, 'start', { ttlMs: NOTE_TTL_MS });
    return (await store.take(key)) === 'start' ? undefined : 'it does not give back what it was given.';
  } catch (error) {
    return reasonOf(error);
  }
}

/**
 * The stores of this package say what is wrong without secrets. What another one throws may quote an address with its
 * password: then only the code or the name is passed on, and never the error itself.
 */
function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailableError) return error.message.replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, '[url]').replace(/\.?$/, '.');
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return `${typeof code === 'string' ? code : typeof name === 'string' ? name : 'it failed'}.`;
}
