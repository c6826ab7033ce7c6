/** What comes in time. A store may never answer (WebKit sometimes opens no database at all), and neither may the network. */
import { TabatonError } from './errors.js';
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

/** A part of the package that is loaded when it is needed. What does not come is to be forgotten, so that the next who needs it tries again. */
export const part = async <T>(clock: Clock, loading: Promise<T>, ms: number, forget: () => void): Promise<T> => {
  const loaded = await promptly(clock, loading, ms);
  if (loaded) return loaded;
  forget();
  throw new TabatonError('refresh_unavailable', 'A part of tabaton could not be loaded: are all its chunks deployed, and is there a network?');
};
