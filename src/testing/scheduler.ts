/**
 * Virtual time: a queue of what is due, run one at a time, microtasks drained in between.
 */
import type { Cancel } from '../core/ports.js';

/** Something that is going to happen. */
export interface Task {
  due: number;
  order: number;
  run: () => void;
  gate: Gate | undefined;
  cancelled: boolean;
}

/**
 * Decides when its turn comes whether a task may run. A frozen context says no and keeps the task for
 * later (`Scheduler.put`), a dead one says no and forgets it.
 */
export interface Gate {
  admit(task: Task): boolean;
}

export interface Scheduler {
  now(): number;
  /** Without a gate the task belongs to the world (a server, the network) and always runs. */
  after(ms: number, run: () => void, gate?: Gate): Cancel;
  /** Queues a task that its gate had kept back; it runs next, in the order it was kept. */
  put(task: Task): void;
  /**
   * Runs the next task that is due by `until` and whose gate lets it pass, then everything it set off in microtasks. False when
   * there is none; time has not gone beyond `until` then, whatever was kept back.
   */
  step(until?: number): Promise<boolean>;
  /** Moves time on without running anything. */
  leap(to: number): void;
  /** Time passes, but not for gated tasks: their timers stand still, as in a sleeping machine. */
  sleep(ms: number): void;
  /** Drains microtasks, and waits for work registered with `external`. */
  settle(): Promise<void>;
  /** Work that needs real time (WebCrypto, a database): `settle` and `step` wait for it. */
  external<T>(work: Promise<T>): Promise<T>;
}

/*
 * A macrotask is the only thing that surely runs after every microtask. Taken once, at load, because
 * a test framework's fake timers would otherwise stop virtual time for good.
 */
const turn: () => Promise<void> = (() => {
  if (typeof setImmediate === 'function') {
    const immediate = setImmediate;
    return () => new Promise<void>((done) => void immediate(done));
  }
  return () =>
    new Promise<void>((done) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        done();
      };
      port2.postMessage(0);
    });
})();

export const createScheduler = (): Scheduler => {
  /** Latest first, so that the next one is popped off the end. */
  const queue: Task[] = [];
  let time = 0;
  let order = 0;
  const outstanding = new Set<Promise<unknown>>();

  const insert = (task: Task): void => {
    let low = 0;
    let high = queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = queue[middle]!;
      if (other.due > task.due || (other.due === task.due && other.order > task.order)) low = middle + 1;
      else high = middle;
    }
    queue.splice(low, 0, task);
  };

  const settle = async (): Promise<void> => {
    await turn();
    while (outstanding.size > 0) {
      await Promise.allSettled(outstanding);
      await turn();
    }
  };

  const dropCancelled = (): void => {
    while (queue.length > 0 && queue[queue.length - 1]!.cancelled) queue.pop();
  };

  return {
    now: () => time,
    after(ms, run, gate) {
      const task: Task = { due: time + Math.max(0, ms), order: order++, run, gate, cancelled: false };
      insert(task);
      return () => {
        task.cancelled = true;
      };
    },
    put(task) {
      task.due = Math.max(time, task.due);
      task.order = order++;
      insert(task);
    },
    async step(until = Infinity) {
      for (;;) {
        dropCancelled();
        const task = queue[queue.length - 1];
        if (!task || task.due > until) return false;
        queue.pop();
        time = Math.max(time, task.due);
        if (task.gate && !task.gate.admit(task)) continue;
        task.run();
        await settle();
        return true;
      }
    },
    leap(to) {
      time = Math.max(time, to);
    },
    sleep(ms) {
      time += ms;
      for (const task of queue) if (task.gate) task.due += ms;
      queue.sort((a, b) => b.due - a.due || b.order - a.order);
    },
    settle,
    external(work) {
      const guarded = work.finally(() => outstanding.delete(guarded));
      outstanding.add(guarded);
      return guarded;
    },
  };
};
