import { describe, expect, test } from 'vitest';
import { BoundedCache } from './bounded-cache.js';

const held = (cache: BoundedCache<number>, upTo: number) => Array.from({ length: upTo }, (_, n) => `${n}`).filter((key) => cache.get(key) !== undefined);

describe('a bounded cache', () => {
  test('holds the newest up to its limit, and at most twice as many', () => {
    const cache = new BoundedCache<number>(10);
    for (let n = 0; n < 1_000; n += 1) cache.set(`${n}`, n);
    const kept = held(cache, 1_000);
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept.slice(-10)).toEqual(Array.from({ length: 10 }, (_, n) => `${990 + n}`));
  });
  test('keeps what is used, however much else comes by', () => {
    const cache = new BoundedCache<number>(10);
    cache.set('used', 1);
    for (let n = 0; n < 1_000; n += 1) {
      cache.set(`${n}`, n);
      expect(cache.get('used')).toBe(1);
    }
  });
  test('what was deleted or replaced does not come back', () => {
    const cache = new BoundedCache<number>(2);
    for (const key of ['a', 'b', 'c']) cache.set(key, 1);
    cache.set('a', 2);
    cache.delete('b');
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([2, undefined, 1]);
  });
});
