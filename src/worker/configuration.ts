/** Where a worker's settings come from: its own code, else the page, else (after a restart) what the page said last. */
import type { Ledger } from '../core/ports.js';
import { planOf, type Plan } from './plan.js';

export interface Configuration {
  /** What is known now, without waiting: a fetch event has to be decided in the turn it comes in. */
  readonly plan: Plan | undefined;
  /** Resolves once the disk has been asked; absent when there is nothing to wait for. */
  readonly loading: Promise<void> | undefined;
  /** A page's word; false when this worker is configured in its code, or cannot read it. */
  accept(config: unknown): Promise<boolean>;
}

/**
 *   worker starts ── script runs ── fetch event ── (disk answers)
 *                        │              └ held until `loading` is over: nothing else could know whose it is
 *                        └ asks the disk
 */
export const createConfiguration = (own: Plan | undefined, disk: Ledger): Configuration => {
  let plan = own;
  let loading: Promise<void> | undefined = own
    ? undefined
    : disk.read().then(
        (stored) => {
          // A page may have been faster.
          plan ??= planOf(stored);
          loading = undefined;
        },
        () => void (loading = undefined),
      );
  return {
    get plan() {
      return plan;
    },
    get loading() {
      return loading;
    },
    async accept(config) {
      const next = own ? undefined : planOf(config);
      if (!next) return false;
      const known = plan?.text === next.text;
      plan = known ? plan : next;
      await loading;
      if (!known) await disk.update(() => next.config).catch(() => {});
      return true;
    },
  };
};
