/** The page's own clocks and timers, called through lambdas so that a test may replace them after import. */
import type { Clock } from '../core/ports.js';

/** A longer delay overflows to "at once" in every engine. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const createClock = (): Clock => ({
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
});
