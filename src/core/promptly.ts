/** What comes in time. A store may never answer (WebKit sometimes opens no database at all), and neither may the network. */
import type { Clock } from './ports.js';

/** Long enough for a store, ms. */
const STORE_MS = 1_000;

/** `undefined`: it failed, or has not answered yet. */
export const promptly = <T>(clock: Clock, work: Promise<T>, ms = STORE_MS): Promise<T | undefined> =>
  new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    work.then(
      (value) => (cancel(), resolve(value)),
      () => (cancel(), resolve(undefined)),
    );
  });
