/**
 * A clock that stands still until it is moved, over timers that really run: for what waits on other processes,
 * whose time is not ours to move.
 */
import { type ServerClock, systemClock } from '../clock.js';

export interface StandingClock extends ServerClock {
  advance(ms: number): Promise<void>;
}

export function standingClock(start = 1_700_000_000_000): StandingClock {
  let at = start;
  return {
    now: () => at,
    after: systemClock().after,
    async advance(ms) {
      at += ms;
    },
  };
}
