/** Time, timers and chance of the server half: ports, so that tests own them. */

export type Cancel = () => void;

/** Time and timers of the endpoint; a test hands in its own. */
export interface ServerClock {
  /** Epoch milliseconds. */
  now(): number;
  /** Runs `run` once after `ms`; must not keep the process alive. */
  after(ms: number, run: () => void): Cancel;
}

/** Random bytes and numbers of the endpoint; a test hands in its own. */
export interface ServerRandom {
  /** Unguessable bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** Uniform in [0, 1): jitter, never a secret. */
  next(): number;
}

/** Keeps the process alive until cancelled, which no timer of a {@link ServerClock} does. */
export function keepAlive(): Cancel {
  const timer = setInterval(() => {}, 60_000);
  return () => clearInterval(timer);
}

/** Waits, and keeps the process alive meanwhile: a script must not end in the middle of the work it waits for. */
export async function pause(clock: ServerClock, ms: number): Promise<void> {
  const release = keepAlive();
  await new Promise<void>((resolve) => clock.after(ms, resolve));
  release();
}

export function systemClock(): ServerClock {
  return {
    now: () => Date.now(),
    after: (ms, run) => {
      const timer = setTimeout(run, Math.min(ms, 0x7fffffff));
      // Node keeps a process alive for a timer, other runtimes return a number.
      if (typeof timer === 'object' && 'unref' in timer) timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

export function systemRandom(): ServerRandom {
  return {
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    next: () => Math.random(),
  };
}
