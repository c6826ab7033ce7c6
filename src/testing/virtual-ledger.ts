/**
 * The ledger of a virtual origin: one record, atomic updates, latency, failure and loss.
 *
 *   context   asks ──── change() ········· hears
 *   store                  │ writes ──┤      nobody else gets in between
 *                          └ dies here: written or not, as in a browser
 */
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
  /** Killings of the browser so far: none survives what was being written. */
  let kills = 0;
  let writing = false;
  let waiting: (() => void)[] = [];

  const store = (value: unknown, durable: boolean): void => {
    stored = value;
    disk.write(value, durable);
  };
  const free = (): void => {
    const due = waiting;
    writing = false;
    waiting = [];
    for (const run of due) run();
  };

  return {
    ledgerFor(owner) {
      const later = (run: () => void): void => {
        scheduler.after(prng.between(conditions.ledgerDelay), run, owner.tasks);
      };
      /** Its turn comes at one instant, in which its context must run and nobody writes; the answer takes its time again. */
      const operate = (effect: (settle: (result: unknown) => void, ms: number) => void): Promise<unknown> =>
        new Promise((resolve, reject) => {
          const fails = prng.chance(conditions.ledgerFailure);
          const turn = (): void => {
            if (writing) return void waiting.push(() => scheduler.after(0, turn, owner.tasks));
            if (fails) return later(() => reject(new Error('The virtual ledger failed, as it was told to.')));
            const ms = prng.between(conditions.ledgerDelay);
            try {
              effect((result) => scheduler.after(ms / 2, () => resolve(result), owner.tasks), ms / 2);
            } catch (error) {
              scheduler.after(ms, () => reject(error), owner.tasks);
            }
          };
          later(turn);
        });
      return {
        read: () =>
          operate((settle, ms) => {
            const found = structuredClone(stored);
            scheduler.after(ms, () => settle(found), owner.tasks);
          }),
        update: (change, options) =>
          operate((settle, ms) => {
            const given = structuredClone(stored);
            const wanted = change(given);
            const [value, before] = [structuredClone(wanted), kills];
            writing = wanted !== given;
            // The store's own work: it goes on while the context stands still, and mostly when it is gone.
            scheduler.after(ms, () => {
              const lost = kills !== before || (!owner.alive() && (ms * 1_000) % 2 < 1);
              if (wanted !== given && !lost) store(value, options?.durable === true);
              if (wanted !== given) free();
              settle(structuredClone(stored));
            });
          }),
      };
    },
    peek: () => structuredClone(stored),
    set: (value) => store(structuredClone(value), true),
    revert() {
      kills += 1;
      stored = disk.recover();
    },
  };
};
