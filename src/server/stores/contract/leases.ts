/** Locks that expire. */
import { bench, type OpenStore, type TestRunner } from './harness.js';

export function leaseContract(open: OpenStore, runner: TestRunner): void {
  const { describe, test, expect } = runner;
  const on = bench(open, runner);
  describe('leases', () => {
    const now = { ttlMs: 60_000, waitMs: 0 };
    test('one holder at a time, over processes', async () => {
      const lease = await on.store.acquire('a', now);
      expect(lease).toBeDefined();
      expect(await on.peer.acquire('a', now)).toBeUndefined();
      expect(await on.store.acquire('b', now)).toBeDefined();
      await lease!.release();
      expect(await on.peer.acquire('a', now)).toBeDefined();
    });
    test('a waiter gets it at the release', async () => {
      const lease = await on.store.acquire('a', now);
      const waiting = on.peer.acquire('a', { ttlMs: 60_000, waitMs: 30_000 });
      await lease!.release();
      expect(await waiting).toBeDefined();
    });
    test('of ten who wait each gets it, one after the other', async () => {
      let holders = 0;
      const most: number[] = [];
      await Promise.all(
        Array.from({ length: 10 }, async (_, i) => {
          const lease = await [on.store, on.peer][i % 2]!.acquire('a', { ttlMs: 60_000, waitMs: 60_000 });
          most.push((holders += 1));
          await on.store.now();
          holders -= 1;
          await lease!.release();
        }),
      );
      expect(most).toEqual(Array(10).fill(1));
    });
    test('a lapsed lease is free; its old holder can neither renew nor release it', async () => {
      const lost = await on.store.acquire('a', { ttlMs: 50, waitMs: 0 });
      await on.advance(60);
      const next = await on.peer.acquire('a', now);
      expect(next).toBeDefined();
      expect(await lost!.renew(60_000)).toBe(false);
      await lost!.release();
      expect(await on.store.acquire('a', now)).toBeUndefined();
      expect(await next!.renew(60_000)).toBe(true);
    });
    test('a lease that has lapsed is not regained, though nobody else has taken it', async () => {
      const lost = await on.store.acquire('a', { ttlMs: 50, waitMs: 0 });
      await on.advance(60);
      expect(await lost!.renew(60_000)).toBe(false);
      expect(await on.peer.acquire('a', now)).toBeDefined();
    });
    test('a waiter gets the lease of a holder that died, when its term is over', async () => {
      await on.store.acquire('a', { ttlMs: 200, waitMs: 0 });
      const waiting = on.peer.acquire('a', { ttlMs: 60_000, waitMs: 30_000 });
      await on.advance(1_000);
      expect(await waiting).toBeDefined();
    });
    test('a renewed lease outlives its first term', async () => {
      const lease = await on.store.acquire('a', { ttlMs: 1_000, waitMs: 0 });
      expect(await lease!.renew(60_000)).toBe(true);
      await on.advance(1_001);
      expect(await on.peer.acquire('a', now)).toBeUndefined();
    });
    test('a wait that ends without the lease says undefined', async () => {
      await on.store.acquire('a', now);
      const waiting = on.peer.acquire('a', { ttlMs: 60_000, waitMs: 40 });
      await on.advance(50);
      expect(await waiting).toBeUndefined();
    });
  });
}
