import { TabatonError } from './errors.js';
import type { Clock } from './ports.js';
import type { AbortSignalLike } from './types.js';

/** One caller's wait: its own deadline and signal, over a refresh that goes on for the others. */
export const patiently = <T>(clock: Clock, work: Promise<T>, ms: number, signal?: AbortSignalLike): Promise<T> =>
  new Promise((resolve, reject) => {
    const settle = <V>(end: (value: V) => void) => (value: V) => {
      cancel();
      signal?.removeEventListener('abort', abort);
      end(value);
    };
    const fail = settle(reject);
    const abort = () => fail(signal!.reason);
    const cancel = clock.after(ms, () =>
      fail(new TabatonError('refresh_timeout', `No token within ${ms} ms; the session is intact. Raise \`timeout\` or try again.`)),
    );
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    work.then(settle(resolve), fail);
  });
