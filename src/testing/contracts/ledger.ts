/** What every ledger must do: one record, atomic updates, copies in and out. */
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../core/ports.js';
import type { Passage } from './subject.js';

export interface LedgerSubject extends Passage {
  /** The same record, from two contexts; empty at first. */
  first: Ledger;
  second: Ledger;
}

const increment = (stored: unknown): unknown => ({ count: ((stored as { count?: number } | undefined)?.count ?? 0) + 1 });

export const ledgerContract = (title: string, setup: () => LedgerSubject | Promise<LedgerSubject>): void => {
  describe(`ledger contract: ${title}`, () => {
    it('is empty at first', async () => {
      const { first, within } = await setup();
      expect(await within(first.read())).toBeUndefined();
    });

    it('stores what `change` returns, for every context', async () => {
      const { first, second, within } = await setup();
      expect(await within(first.update(() => ({ a: [1, { b: 'ü' }] }), { durable: true }))).toEqual({ a: [1, { b: 'ü' }] });
      expect(await within(second.read())).toEqual({ a: [1, { b: 'ü' }] });
    });

    it('gives `change` what is stored', async () => {
      const { first, second, within } = await setup();
      await within(first.update(increment));
      expect(await within(second.update(increment))).toEqual({ count: 2 });
    });

    it('loses no update when two contexts write at once', async () => {
      const { first, second, within } = await setup();
      const updates = Array.from({ length: 12 }, (_, i) => (i % 2 ? first : second).update(increment, { durable: i % 3 === 0 }));
      const counts = (await within(Promise.all(updates))) as { count: number }[];
      expect(counts.map(({ count }) => count).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
      expect(await within(first.read())).toEqual({ count: 12 });
    });

    it('rejects when `change` throws, and keeps what was stored', async () => {
      const { first, second, within } = await setup();
      await within(first.update(increment));
      const failed = first.update(() => {
        throw new Error('change failed');
      });
      await expect(within(failed)).rejects.toThrow('change failed');
      expect(await within(second.read())).toEqual({ count: 1 });
      expect(await within(first.update(increment))).toEqual({ count: 2 });
    });

    it('returning the argument changes nothing', async () => {
      const { first, second, within } = await setup();
      await within(first.update(increment));
      expect(await within(first.update((stored) => stored))).toEqual({ count: 1 });
      expect(await within(second.read())).toEqual({ count: 1 });
    });

    it('hands out copies', async () => {
      const { first, within } = await setup();
      await within(first.update(increment));
      const read = (await within(first.read())) as { count: number };
      read.count = 99;
      expect(await within(first.read())).toEqual({ count: 1 });
    });
  });
};
