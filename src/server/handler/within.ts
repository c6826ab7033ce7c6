/** Waits no longer than `ms`: `undefined` then, while the work goes on detached. */
import type { ServerClock } from '../clock.js';

export function within<T>(clock: ServerClock, ms: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    work.then(
      (done) => (cancel(), resolve(done)),
      (error: unknown) => (cancel(), reject(error)),
    );
  });
}
