/**
 * Counts per key in a sliding pair of windows, in this process: a shared counter would cost every refresh a
 * durable write, and the limit protects the machine, not the session.
 */
import type { ServerClock } from '../clock.js';

export interface RateLimiter {
  /** Counts one and says how long to wait; 0 when within the limit. Milliseconds. */
  take(key: string): number;
}

export function rateLimiter(clock: ServerClock, limit: number, windowMs: number): RateLimiter {
  let started = clock.now();
  let current = new Map<string, number>();
  let previous = new Map<string, number>();
  return {
    take(key) {
      const now = clock.now();
      const passed = Math.floor((now - started) / windowMs);
      if (passed > 0 || now < started) {
        // Two maps instead of a timestamp per key: forgetting is free, and memory is bounded by two windows.
        previous = passed === 1 ? current : new Map();
        current = new Map();
        started = now < started ? now : started + passed * windowMs;
      }
      const count = (current.get(key) ?? 0) + 1;
      current.set(key, count);
      const rest = 1 - (now - started) / windowMs;
      const weighted = count + (previous.get(key) ?? 0) * rest;
      return weighted <= limit ? 0 : Math.max(1_000, started + windowMs - now);
    },
  };
}
