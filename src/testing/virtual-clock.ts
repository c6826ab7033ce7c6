/** A context's clock: its own monotonic start, the machine's wall clock, timers that stand still with it. */
import type { Clock } from '../core/ports.js';
import type { Scheduler } from './scheduler.js';
import type { Vitality } from './vitality.js';

const MAX_TIMER_MS = 2 ** 31 - 1;

/** What the contexts of one machine share of time. */
export interface MachineTime {
  /** Epoch ms, as the machine believes. */
  wall(): number;
  /** Ms the machine has slept: `monotonic` stands still in sleep, as on macOS and Linux. */
  slept(): number;
}

export const createVirtualClock = (
  scheduler: Scheduler,
  machine: MachineTime,
  vitality: Vitality,
  /** Timers fire only at multiples of this many ms (hidden pages: 60 000); 0 is off. */
  throttle: () => number,
): Clock => {
  const born = scheduler.now();
  const sleptAtBirth = machine.slept();
  return {
    monotonic: () => scheduler.now() - born - (machine.slept() - sleptAtBirth),
    wall: machine.wall,
    after(ms, run) {
      const delay = Math.min(Math.max(0, ms), MAX_TIMER_MS);
      const every = throttle();
      const due = scheduler.now() + delay;
      return scheduler.after(every > 0 ? Math.ceil(due / every) * every - scheduler.now() : delay, run, vitality.tasks);
    },
  };
};
