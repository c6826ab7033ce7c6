/** Waits no longer than `ms`: `undefined` then, or the error that `late` makes, while the work goes on detached. */
import type { ServerClock } from '../clock.js';

export function within<T>(clock: ServerClock, ms: number, work: Promise<T>): Promise<T | undefined>;
export function within<T>(clock: ServerClock, ms: number, work: Promise<T>, late: () => Error): Promise<T>;
export function within<T>(clock: ServerClock, ms: number, work: Promise<T>, late?: () => Error): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => (late ? reject(late()) : resolve(undefined)));
    work.then(
      (done) => (cancel(), resolve(done)),
      (error: unknown) => (cancel(), reject(error)),
    );
  });
}
