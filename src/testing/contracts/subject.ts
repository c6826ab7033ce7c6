/** How a contract suite lets time pass: virtual for the fakes, real for the platform. */
import type { VirtualOrigin } from '../virtual-origin.js';

export interface Passage {
  /** Lets at least this much time pass. */
  pass(ms: number): Promise<void>;
  /** Waits for what must happen. */
  within<T>(work: Promise<T>): Promise<T>;
}

export const realTime: Passage = {
  pass: (ms) => new Promise((done) => setTimeout(done, ms)),
  within: (work) => work,
};

/** Drives a virtual origin until the promise settles. */
export const virtualTime = (origin: VirtualOrigin): Passage => ({
  pass: (ms) => origin.advance(ms),
  async within(work) {
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    if (!(await origin.until(() => settled))) throw new Error('Nothing left to happen in virtual time, and the promise has not settled.');
    return work;
  },
});

/** Counts until a number is reached. */
export const collector = <T>() => {
  const items: T[] = [];
  let check = () => {};
  return {
    items,
    add(item: T) {
      items.push(item);
      check();
    },
    /** Resolves when there are this many. */
    reaches: (count: number) =>
      new Promise<void>((resolve) => {
        check = () => {
          if (items.length >= count) resolve();
        };
        check();
      }),
  };
};
