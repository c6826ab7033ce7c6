/** A call to an upstream under a timeout of its own, in milliseconds; the request that wanted it may be long gone. */
import type { ServerClock } from '../clock.js';

/** @throws DOMException named `TimeoutError`, which `upstreamFailure` reads */
export async function inTime<T>(clock: ServerClock, ms: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timeout = new AbortController();
  const cancel = clock.after(ms, () => timeout.abort(new DOMException('Too slow.', 'TimeoutError')));
  const late = new Promise<never>((_, reject) => {
    timeout.signal.addEventListener('abort', () => reject(timeout.signal.reason));
  });
  try {
    // A function that ignores its signal must not hold a lease or a login for ever.
    return await Promise.race([run(timeout.signal), late]);
  } finally {
    cancel();
  }
}
