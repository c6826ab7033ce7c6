/**
 * Keeps a lease alive while a slow call runs: renewed at a third of its term.
 *
 *     lease   ├──── 30 s ────┤
 *     renewals     10    20   …
 *
 * When it is lost the call goes on: the refresh token is spent either way, and compare-and-set decides.
 */
import type { ServerClock } from '../clock.js';
import type { Lease } from '../store.js';

export function keepLease(clock: ServerClock, lease: Lease, ttlMs: number, onLost: () => void): () => void {
  let stopped = false;
  let cancel = schedule();
  function schedule() {
    return clock.after(ttlMs / 3, async () => {
      // A store that does not answer has not taken the lease away: try again while its term lasts.
      const held = await lease.renew(ttlMs).catch(() => true);
      if (stopped) return;
      if (held) cancel = schedule();
      else onLost();
    });
  }
  return () => {
    stopped = true;
    cancel();
  };
}
