/** Virtual time for one simulated day, and a seeded source of chance (mulberry32). */

export interface Day {
  now(): number;
  after(ms: number, what: () => void): void;
  /** Uniform in [0, 1). */
  chance(): number;
  /** Runs everything due before `until`, in order of time, then of arrival. */
  run(until: number): void;
}

export function openDay(seed: number): Day {
  let time = 0;
  let state = seed >>> 0;
  let arrivals = 0;
  const queue: { at: number; order: number; what: () => void }[] = [];

  return {
    now: () => time,
    after(ms, what) {
      const event = { at: time + ms, order: arrivals, what };
      arrivals += 1;
      let place = queue.length;
      while (place > 0 && (queue[place - 1]?.at ?? 0) <= event.at) place -= 1;
      queue.splice(place, 0, event);
    },
    chance() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
    run(until) {
      // The latest is first, so the next one is at the end.
      for (let next = queue.at(-1); next !== undefined && next.at < until; next = queue.at(-1)) {
        queue.pop();
        time = next.at;
        next.what();
      }
      time = until;
    },
  };
}
