/** What a store says within a second. It may also never answer: WebKit sometimes opens no database at all. */
import type { Clock } from './ports.js';

const PATIENCE_MS = 1_000;

/** `undefined`: it failed, or has not answered yet. */
export const promptly = <T>(clock: Clock, work: Promise<T>): Promise<T | undefined> =>
  new Promise((resolve) => {
    const cancel = clock.after(PATIENCE_MS, () => resolve(undefined));
    work.then(
      (value) => (cancel(), resolve(value)),
      () => (cancel(), resolve(undefined)),
    );
  });
