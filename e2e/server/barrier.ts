/** A place in the server where a request waits until the test lets it go. */
export interface Barrier<T> {
  /** Resolves with the first that arrived. */
  readonly arrived: Promise<T>;
  /** How many stand here or have passed. */
  readonly count: number;
  release(): void;
}

export interface Gate<T> extends Barrier<T> {
  pass(value: T): Promise<void>;
}

export function gate<T>(): Gate<T> {
  const arrival = deferred<T>();
  const opening = deferred<void>();
  let count = 0;
  return {
    arrived: arrival.promise,
    get count() {
      return count;
    },
    release: () => opening.resolve(),
    pass(value) {
      count += 1;
      arrival.resolve(value);
      return opening.promise;
    },
  };
}

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

export function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
