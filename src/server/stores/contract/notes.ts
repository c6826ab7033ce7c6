/** Counters and short-lived notes. */
import { bench, type OpenStore, type TestRunner } from './harness.js';

export function noteContract(open: OpenStore, runner: TestRunner): void {
  const { describe, test, expect } = runner;
  const on = bench(open, runner);
  describe('counters and notes', () => {
    test('hits count within their window, over processes', async () => {
      expect(await on.store.hit('h', 2_000)).toMatchObject({ count: 1 });
      expect(await on.peer.hit('h', 2_000)).toMatchObject({ count: 2 });
      await on.advance(100);
      const { count, resetMs } = await on.store.hit('h', 2_000);
      expect(count).toBe(3);
      // The window began with the first of them.
      expect(resetMs).toBeLessThanOrEqual(1_900);
      // And it ends there, though the last of them came later.
      await on.advance(1_901);
      expect(await on.store.hit('h', 2_000)).toMatchObject({ count: 1 });
    });
    test('hits at the same moment are all counted', async () => {
      const hits = await Promise.all(Array.from({ length: 10 }, (_, i) => [on.store, on.peer][i % 2]!.hit('h', 60_000)));
      expect(hits.map(({ count }) => count).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });
    test('a hit can be taken back, never below nothing', async () => {
      await on.store.hit('h', 60_000);
      expect(await on.peer.hit('h', 60_000, -1)).toMatchObject({ count: 0 });
      expect(await on.store.hit('h', 60_000, -1)).toMatchObject({ count: 0 });
      expect(await on.store.hit('h', 60_000)).toMatchObject({ count: 1 });
    });
    test('a note lives as long as it says', async () => {
      expect(await on.store.put('n', 'wörd', { ttlMs: 1_000 })).toBe(true);
      expect(await on.peer.get('n')).toBe('wörd');
      expect(await on.store.put('n', 'x', { ttlMs: 1_000, ifAbsent: true })).toBe(false);
      await on.advance(1_001);
      expect(await on.store.take('n')).toBeUndefined();
      expect(await on.store.get('n')).toBeUndefined();
      expect(await on.store.put('n', 'x', { ttlMs: 100, ifAbsent: true })).toBe(true);
    });
    test('a note that is written again lives as long as it says then', async () => {
      await on.store.put('n', 'long', { ttlMs: 60_000 });
      await on.peer.put('n', 'short', { ttlMs: 500 });
      expect(await on.store.get('n')).toBe('short');
      await on.advance(501);
      expect(await on.store.get('n')).toBeUndefined();
    });
    test('of ten who claim a note at once one gets it, and it is that one’s', async () => {
      const claims = await Promise.all(Array.from({ length: 10 }, (_, i) => [on.store, on.peer][i % 2]!.put('n', `claim ${i}`, { ttlMs: 60_000, ifAbsent: true })));
      expect(claims.filter(Boolean)).toHaveLength(1);
      expect(await on.peer.get('n')).toBe(`claim ${claims.indexOf(true)}`);
    });
    test('names are told apart to the last character, whatever is in them', async () => {
      const names = ['a', 'a\0', 'a\0b', 'a{b}', 'ä', ''];
      for (const name of names) await on.store.put(name, `value of ${name}`, { ttlMs: 10_000 });
      for (const name of names) expect(await on.peer.get(name)).toBe(`value of ${name}`);
      for (const name of names) expect(await on.store.hit(name, 10_000)).toMatchObject({ count: 1 });
      await on.store.put('a', 'another', { ttlMs: 10_000 });
      expect(await on.peer.take('a')).toBe('another');
    });
    test('of two takers one gets the note', async () => {
      await on.store.put('n', 'once', { ttlMs: 10_000 });
      const taken = await Promise.all([on.store.take('n'), on.peer.take('n')]);
      expect(taken.filter((value) => value === 'once')).toHaveLength(1);
      expect(await on.store.get('n')).toBeUndefined();
    });
  });
}
