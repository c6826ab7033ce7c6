import { expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.js';
import { rateLimiter } from './rate-limiter.js';

const WINDOW = 60_000;
const limiter = (limit = 10) => {
  const clock = fakeClock();
  const { take } = rateLimiter(clock, limit, WINDOW);
  return { clock, take, burst: (count: number, key = 'a') => Array.from({ length: count }, () => take(key)).filter((wait) => wait === 0).length };
};

test('lets through as many as the limit, each key for itself, and says when to come back', async () => {
  const { clock, take, burst } = limiter();
  await clock.advance(20_000);
  expect([burst(15), burst(15, 'b'), take('a')]).toEqual([10, 10, 40_000]);
  await clock.advance(39_500);
  expect(take('a')).toBe(1_000);
});

test('what was asked in the window before counts by what is left of it, and no longer', async () => {
  const { clock, burst } = limiter();
  expect(burst(10)).toBe(10);
  await clock.advance(WINDOW + WINDOW / 2);
  expect(burst(15)).toBe(5);
  await clock.advance(2 * WINDOW);
  expect(burst(15)).toBe(10);
});

test('goes on for ever: who stays below the limit is never kept waiting', async () => {
  const { clock, burst } = limiter();
  for (let minute = 0; minute < 20; minute += 1) {
    expect(burst(5)).toBe(5);
    await clock.advance(WINDOW);
  }
});

test('a clock that is set back begins anew', async () => {
  let at = 1_000_000;
  const { take } = rateLimiter({ now: () => at, after: () => () => {} }, 1, WINDOW);
  expect([take('a'), take('a') > 0]).toEqual([0, true]);
  at -= 500_000;
  expect(take('a')).toBe(0);
});
