/** A clock that stands still until it is moved; timers fire in order on the way. */
import type { ServerClock } from '../clock.js';

export interface FakeClock extends ServerClock {
  /** Moves time, firing due timers and letting their promises settle in between. */
  advance(ms: number): Promise<void>;
  /** Resolves when somebody is waiting for a timer (work that runs on real threads comes to it in its own time). */
  waiting(count?: number): Promise<void>;
}

export function fakeClock(start = 1_700_000_000_000): FakeClock {
  let at = start;
  let timers: { due: number; run: () => void }[] = [];
  /** Lets everything that is already resolved run: a macrotask comes after all microtasks. */
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => at,
    async waiting(count = 1) {
      while (timers.length < count) await settle();
    },
    after(ms, run) {
      const timer = { due: at + ms, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async advance(ms) {
      const end = at + ms;
      await settle();
      for (;;) {
        const next = timers.filter(({ due }) => due <= end).sort((a, b) => a.due - b.due)[0];
        if (!next) break;
        timers = timers.filter((other) => other !== next);
        at = Math.max(at, next.due);
        next.run();
        await settle();
      }
      at = end;
      await settle();
    },
  };
}
