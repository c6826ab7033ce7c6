/**
 * Writes that arrive together share one transaction, and with it one wait for the disk.
 *
 *     requests   a b c        d e              f
 *     loop      ─┴─┴─┴─commit────┴─┴─commit────┴─commit─
 *                      3 writes      2 writes    1 write
 *
 * The busier the process, the larger the groups: a commit costs what the disk takes (0.1 to 5 ms), during
 * which the next group gathers.
 */
import type { SqliteConnection } from './connection.js';
import type { Patience } from './patience.js';

/** Bounds how long one transaction holds the file's write lock. */
const LARGEST = 256;

/** Work that somebody waits for. */
export interface Job {
  run(): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export interface GroupCommit {
  /**
   * Runs `work` inside a transaction that holds the write lock, and answers once it is on the disk.
   * `work` may run more than once: it must depend on nothing but the database.
   */
  write<T>(work: () => T): Promise<T>;
  /** Resolves when nothing is waiting any more. */
  drained(): Promise<void>;
}

export function groupCommit(connection: SqliteConnection, { retry }: Patience): GroupCommit {
  let waiting: Job[] = [];
  let running: Promise<void> | undefined;

  async function work(): Promise<void> {
    // After the input of this turn of the loop: whoever has just arrived still comes along.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const jobs = waiting.slice(0, LARGEST);
      waiting = waiting.slice(LARGEST);
      const settle = await retry(() => commit(jobs)).catch((error: unknown) => () => jobs.forEach((job) => job.reject(error)));
      settle();
    }
    running = undefined;
  }

  /** One transaction; what it answers tells the callers. A job that fails is taken out and the others run again. */
  function commit(jobs: readonly Job[]): () => void {
    let failed: () => void = () => {};
    for (let left = jobs; ; ) {
      connection.run('BEGIN IMMEDIATE');
      const values: unknown[] = [];
      try {
        for (const job of left) values.push(job.run());
      } catch (error) {
        connection.rollback();
        const culprit = left[values.length]!;
        const before = failed;
        failed = () => (before(), culprit.reject(error));
        left = left.filter((job) => job !== culprit);
        continue;
      }
      end(connection);
      return () => {
        failed();
        left.forEach((job, at) => job.resolve(values[at]));
      };
    }
  }

  return {
    write<T>(run: () => T) {
      return new Promise<T>((resolve, reject) => {
        waiting.push({ run, resolve: resolve as (value: unknown) => void, reject });
        running ??= work();
      });
    },
    drained: async () => running,
  };
}

function end(connection: SqliteConnection): void {
  try {
    connection.run('COMMIT');
  } catch (error) {
    // A full disk leaves the transaction open; the next one must find none.
    connection.rollback();
    throw error;
  }
}
