/** A ledger of one context only: nothing is shared, a lost reply costs the session on a strict backend. */
import type { Ledger } from '../../core/ports.js';

export const createMemoryLedger = (): Ledger => {
  let stored: unknown;
  return {
    read: async () => structuredClone(stored),
    update: async (change) => structuredClone((stored = structuredClone(change(structuredClone(stored))))),
  };
};
