/** Web Locks as locks that are held until released, and that say when they were stolen. */
import type { Held, LockManager } from '../core/ports.js';

/*
 * An AbortError means two things, told apart by when it comes:
 *
 *   request ──────────── granted ──────────────
 *      │ AbortError: we (or WebKit, putting       │ AbortError: another context stole it (or WebKit
 *      │ the page into its cache) gave up         │ dropped it while the page was cached)
 *      └▶ granted = undefined                     └▶ lost
 */
export const createLocks = (): LockManager => ({
  request(name, { steal } = {}) {
    // `steal` and `signal` exclude each other; a steal is granted at once anyway.
    const queue = new AbortController();
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const granted = new Promise<Held | undefined>((grant, refuse) => {
      const lost = new Promise<void>((lose) => {
        const onGrant = () => {
          grant({ release, lost });
          // Already resolved when the request was aborted in the same instant: then it lets go at once.
          return released;
        };
        try {
          navigator.locks.request(name, steal ? { steal } : { signal: queue.signal }, onGrant).catch((error: DOMException) => {
            if (error.name !== 'AbortError') refuse(error);
            grant(undefined);
            lose();
          });
        } catch (error) {
          refuse(error);
        }
      });
      queue.signal.addEventListener('abort', () => grant(undefined));
    });
    return {
      granted,
      abort() {
        queue.abort();
        release();
      },
    };
  },
});
