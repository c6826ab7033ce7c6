/** What of a value would survive the killing of the browser: writes reach the disk lazily. */
export interface Disk<T> {
  write(value: T, durable: boolean): void;
  /** What a killed browser finds again. */
  recover(): T;
}

export const createDisk = <T>(initial: T, now: () => number, flushDelay: () => number): Disk<T> => {
  let flushed = initial;
  let pending: { at: number; value: T }[] = [];
  const flush = (until: number): void => {
    while (pending.length > 0 && pending[0]!.at <= until) flushed = pending.shift()!.value;
  };
  return {
    write(value, durable) {
      flush(now() - flushDelay());
      pending.push({ at: now(), value });
      if (durable) flush(now());
    },
    recover() {
      flush(now() - flushDelay());
      pending = [];
      return flushed;
    },
  };
};
