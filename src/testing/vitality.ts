/**
 * Whether a virtual context runs, and what of it: every task of a context passes one of its gates.
 *
 *            | timers, grants, answers | messages            |
 *   running  | run                     | run                 |
 *   frozen   | kept for later          | run (measured: a frozen page answers BroadcastChannel)
 *   stopped  | kept for later          | kept for later      | (the process stands still: no event before or after)
 *   cached   | kept for later          | evict, or are lost  | (back/forward cache)
 *   dead     | dropped                 | dropped             |
 */
import type { Gate, Scheduler, Task } from './scheduler.js';

/** Whether a virtual context runs, stands still or is gone. */
export type ContextState = 'running' | 'frozen' | 'stopped' | 'cached' | 'dead';

/** Whether a virtual context runs, and what waits until it does again. */
export interface Vitality {
  state(): ContextState;
  alive(): boolean;
  /** How often it went into the back/forward cache. */
  caches(): number;
  /** Timers, lock grants, ledger and network answers. */
  readonly tasks: Gate;
  /** Arriving messages. */
  readonly messages: Gate;
  /** Ends it; what is kept or under way never runs. */
  die(): void;
  /** Stands still as `frozen`, `stopped` or `cached`. */
  halt(as: 'frozen' | 'stopped' | 'cached'): void;
  /** Runs again; what was kept is due now, in order. */
  wake(): void;
  onDeath(run: () => void): void;
}

export const createVitality = (scheduler: Scheduler, evictedByMessages: () => boolean): Vitality => {
  let state: ContextState = 'running';
  let caches = 0;
  let kept: Task[] = [];
  const mourners: (() => void)[] = [];

  const vitality: Vitality = {
    state: () => state,
    alive: () => state !== 'dead',
    caches: () => caches,
    tasks: {
      admit(task) {
        if (state === 'running') return true;
        if (state !== 'dead') kept.push(task);
        return false;
      },
    },
    messages: {
      admit(task) {
        if (state === 'running' || state === 'frozen') return true;
        if (state === 'stopped') kept.push(task);
        if (state === 'cached' && evictedByMessages()) vitality.die();
        return false;
      },
    },
    die() {
      if (state === 'dead') return;
      state = 'dead';
      kept = [];
      for (const run of mourners) run();
    },
    halt(as) {
      if (state !== 'running') return;
      state = as;
      if (as === 'cached') caches += 1;
    },
    wake() {
      if (state === 'dead') return;
      state = 'running';
      const due = kept;
      kept = [];
      for (const task of due) scheduler.put(task);
    },
    onDeath(run) {
      mourners.push(run);
    },
  };
  return vitality;
};
