/**
 * Waiting for somebody else's lease: woken by its release, with a jittered poll behind it, because a wake-up
 * can be lost and a holder that died releases nothing.
 */
import { keepAlive, type Cancel, type ServerClock, type ServerRandom } from '../clock.js';
import type { Lease } from '../store.js';

export interface LeaseWait {
  clock: ServerClock;
  random: ServerRandom;
  waitMs: number;
  /** Mean time between two looks without a wake-up, in milliseconds; each is up to half more or less. */
  pollMs: number;
  attempt(): Promise<Lease | undefined>;
  /** Calls `wake` at each release of that name, from the moment it resolves. */
  onRelease(wake: () => void): Promise<Cancel>;
}

export async function waitForLease({ clock, random, waitMs, pollMs, attempt, onRelease }: LeaseWait): Promise<Lease | undefined> {
  const deadline = clock.now() + waitMs;
  let lease = await attempt();
  if (lease || waitMs <= 0) return lease;

  let woken = false;
  let wake: () => void = () => {
    woken = true;
  };
  // The clock's timers let a process end; a script that only waits for its turn must not.
  const release = keepAlive();
  const stop = await onRelease(() => wake());
  try {
    // The first look comes at once: the release may have come before anybody listened.
    while (!(lease = await attempt())) {
      const left = deadline - clock.now();
      if (left <= 0) return undefined;
      if (woken) {
        woken = false;
        continue;
      }
      await new Promise<void>((resolve) => {
        const cancel = clock.after(Math.min(left, pollMs * (0.5 + random.next())), () => wake());
        wake = () => {
          cancel();
          wake = () => {
            woken = true;
          };
          resolve();
        };
      });
    }
    return lease;
  } finally {
    release();
    stop();
  }
}
