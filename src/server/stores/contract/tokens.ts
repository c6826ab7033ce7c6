/** Access tokens and their generations. */
import { bench, type OpenStore, type TestRunner, ask } from './harness.js';

export function tokenContract(open: OpenStore, runner: TestRunner): void {
  const { describe, test, expect } = runner;
  const on = bench(open, runner);
  describe('tokens', () => {
    test('generations count up over all keys and processes, no number twice', async () => {
      const record = await on.family();
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, i) => [on.store, on.peer][i % 2]!.mint(record.id, { ...ask, key: `k${i}` })),
      );
      const gens = answers.map((answer) => (answer.kind === 'active' && answer.token.kind === 'minted' ? answer.token.token.gen : 0));
      expect(gens.sort()).toEqual([1, 2, 3, 4, 5, 6]);
      expect((await on.store.read(record.id))!.gen).toBe(6);
    });
    test('a token with life left is served, and a fresh ask never gets what it holds', async () => {
      const record = await on.family();
      await on.store.mint(record.id, ask);
      expect(await on.store.mint(record.id, ask)).toMatchObject({ token: { kind: 'served', token: { gen: 1 } } });
      const forced = { ...ask, fresh: true, have: 1 };
      expect(await on.store.mint(record.id, forced)).toMatchObject({ token: { kind: 'limited' } });
      await on.advance(60);
      expect(await on.store.mint(record.id, { ...forced, mintGapMs: 50 })).toMatchObject({ token: { kind: 'minted', token: { gen: 2 } } });
      expect(await on.store.mint(record.id, forced)).toMatchObject({ token: { kind: 'served', token: { gen: 2 } } });
    });
    test('a token below the wanted life is replaced', async () => {
      const record = await on.family();
      await on.store.mint(record.id, { ...ask, lifetimeMs: 100 });
      await on.advance(70);
      expect(await on.store.mint(record.id, { ...ask, minTtlMs: 40 })).toMatchObject({ token: { kind: 'minted', token: { gen: 2 } } });
    });
    test('no token outlives its family', async () => {
      const at = await on.store.now();
      const record = await on.family({ absoluteExpiry: at + 5_000, idleExpiry: at + 5_000 });
      const answer = await on.store.mint(record.id, ask);
      expect(answer).toMatchObject({ token: { token: { expiresAt: at + 5_000 } } });
    });
    test('without a local lifetime the store says that one is needed', async () => {
      const record = await on.family();
      expect(await on.store.mint(record.id, { ...ask, lifetimeMs: null })).toMatchObject({ kind: 'active', token: { kind: 'needed' } });
    });
    test('at most eight keys are kept, the newest among them', async () => {
      const record = await on.family();
      for (let i = 0; i < 10; i += 1) await on.store.mint(record.id, { ...ask, key: `k${i}`, lifetimeMs: 900_000 + i });
      const { tokens } = (await on.store.read(record.id))!;
      expect(Object.keys(tokens)).toHaveLength(8);
      expect(tokens['k9']).toMatchObject({ gen: 10 });
      expect(tokens['k0']).toBeUndefined();
    });
    test('a key that is minted anew takes no other one’s place', async () => {
      const record = await on.family();
      for (let i = 0; i < 8; i += 1) await on.store.mint(record.id, { ...ask, key: `k${i}` });
      expect(await on.store.mint(record.id, { ...ask, key: 'k3', fresh: true, have: 4, mintGapMs: 0 })).toMatchObject({ token: { kind: 'minted', token: { gen: 9 } } });
      expect(Object.keys((await on.store.read(record.id))!.tokens)).toHaveLength(8);
    });
    test('forgotten tokens are minted anew, newer ones stay', async () => {
      const record = await on.family();
      await on.store.mint(record.id, ask);
      await on.store.mint(record.id, { ...ask, key: 'other' });
      await on.store.forget(record.id, 1);
      const { tokens, gen } = (await on.store.read(record.id))!;
      expect(Object.keys(tokens)).toEqual(['other']);
      expect(gen).toBe(2);
    });
  });
}
