/** The ledger in localStorage, for where IndexedDB cannot be had; in memory where that is missing, too. */
import type { Clock, Ledger, Random } from '../../core/ports.js';
import { createMemoryLedger } from './memory-ledger.js';
import { createStorageMutex } from './storage-mutex.js';

export const createStorageLedger = (key: string, ports: { clock: Clock; random: Random }): Ledger => {
  let storage: Storage;
  const item = `tabaton/${key}`;
  try {
    // Reading it throws where site data are blocked.
    storage = localStorage;
    storage.getItem(item);
  } catch {
    return createMemoryLedger();
  }
  const load = (): unknown => {
    try {
      return JSON.parse(storage.getItem(item) ?? '');
    } catch {
      return undefined;
    }
  };
  // Web Locks, where there are any, are as good as a transaction.
  const exclusively = globalThis.navigator?.locks
    ? <T>(work: () => T): Promise<Awaited<T>> => navigator.locks.request(`${item}/ledger`, work)
    : createStorageMutex(storage, `${item}/mutex`, ports);
  /** Updates of one context wait for each other, not for the mutex. */
  let last: Promise<unknown> = Promise.resolve();

  return {
    read: async () => load(),
    update(change) {
      const update = () =>
        exclusively(() => {
          const before = load();
          const after = change(before);
          if (after !== before) storage.setItem(item, JSON.stringify(after));
          return load();
        });
      const result = last.then(update, update);
      last = result;
      return result;
    },
  };
};
