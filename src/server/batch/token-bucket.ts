/** How fast one issuer is asked ahead of demand: a burst, then a steady rate. In this process; divide by the number of them. */
import { pause, type ServerClock } from '../clock.js';

export interface TokenBucket {
  /** Takes one and resolves when it may be used. */
  take(): Promise<void>;
  /** Nothing is handed out for this long: the issuer has asked for peace. */
  pause(ms: number): void;
}

export function tokenBucket(clock: ServerClock, { perSecond, burst }: { perSecond: number; burst: number }): TokenBucket {
  let level = burst;
  let at = clock.now();
  let quietUntil = 0;
  return {
    async take() {
      const now = clock.now();
      level = Math.min(burst, level + (Math.max(0, now - at) / 1_000) * perSecond) - 1;
      at = now;
      // Below zero the takers stand in line, each a step behind the one before.
      const due = now + Math.max(0, (-level / perSecond) * 1_000);
      for (let wait = Math.max(due, quietUntil) - clock.now(); wait > 0; wait = Math.max(due, quietUntil) - clock.now()) {
        await pause(clock, wait);
      }
    },
    pause(ms) {
      quietUntil = Math.max(quietUntil, clock.now() + ms);
    },
  };
}
