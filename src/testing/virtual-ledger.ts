/** The ledger of a virtual origin: one record, atomic updates, latency, failure and loss. */
import type { Ledger } from '../core/ports.js';
import type { Conditions } from './conditions.js';
import { createDisk } from './disk.js';
import type { Prng } from './prng.js';
import type { Scheduler } from './scheduler.js';
import type { Vitality } from './vitality.js';

/** The ledger of a virtual origin, with a disk that is flushed late. */
export interface VirtualLedger {
  ledgerFor(owner: Vitality): Ledger;
  /** What is stored now. */
  peek(): unknown;
  /** Cleared site data, tracking prevention, or a hostile script: whatever is given is stored. */
  set(value: unknown): void;
  /** The browser is killed: writes that were not durable and not yet flushed never happened. */
  revert(): void;
}

export const createVirtualLedger = (scheduler: Scheduler, prng: Prng, conditions: Conditions): VirtualLedger => {
  let stored: unknown;
  const disk = createDisk<unknown>(undefined, scheduler.now, () => conditions.flushDelay);

  const store = (value: unknown, durable: boolean): void => {
    stored = value;
    disk.write(value, durable);
  };

  return {
    ledgerFor(owner) {
      const later = (run: () => void): void => {
        scheduler.after(prng.between(conditions.ledgerDelay), run, owner.tasks);
      };
      /** Takes effect at one instant, in which its context must run; the answer takes its time again. */
      const operate = (effect: () => unknown): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const fails = prng.chance(conditions.ledgerFailure);
          later(() => {
            if (fails) {
              later(() => reject(new Error('The virtual ledger failed, as it was told to.')));
              return;
            }
            let result: unknown;
            try {
              result = structuredClone(effect());
            } catch (error) {
              later(() => reject(error));
              return;
            }
            later(() => resolve(result));
          });
        });
      return {
        read: () => operate(() => stored),
        update: (change, options) =>
          operate(() => {
            const given = structuredClone(stored);
            const wanted = change(given);
            if (wanted !== given) store(structuredClone(wanted), options?.durable === true);
            return stored;
          }),
      };
    },
    peek: () => structuredClone(stored),
    set: (value) => store(structuredClone(value), true),
    revert() {
      stored = disk.recover();
    },
  };
};
