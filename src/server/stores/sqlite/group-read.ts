/**
 * Reads that arrive together share one look at the file, after the input of this turn of the loop.
 *
 *     requests   a b c                d e
 *     loop      ─┴─┴─┴─ BEGIN a b c COMMIT ── answers a b c ──┴─┴─
 *
 * One lock of the file instead of one each; and answers that leave together cost about half of what they cost one by one,
 * because the process need not turn round, and wake its peers, for each of them. Every look is at what is committed
 * after its request came in.
 */
import { perTurn } from '../per-turn.js';
import type { SqliteConnection } from './connection.js';
import type { Job } from './group-commit.js';
import type { Patience } from './patience.js';

export interface GroupRead {
  /** What `work` finds in what is committed by now. It may run more than once, and changes nothing. */
  read<T>(work: () => T): Promise<T>;
}

export function groupRead(connection: SqliteConnection, { retry }: Patience): GroupRead {
  /** Runs them all; what it gives back tells the callers. */
  function look(jobs: readonly Job[]): () => void {
    try {
      if (jobs.length > 1) connection.run('BEGIN');
      const values = jobs.map((job) => job.run());
      if (jobs.length > 1) connection.run('COMMIT');
      return () => jobs.forEach((job, at) => job.resolve(values[at]));
    } catch (error) {
      if (jobs.length > 1) connection.rollback();
      throw error;
    }
  }

  /** A job that fails does so alone: each of the others is asked again by itself. */
  async function work(jobs: readonly Job[]): Promise<void> {
    try {
      (await retry(() => look(jobs)))();
    } catch (error) {
      if (jobs.length === 1) jobs[0]!.reject(error);
      else await Promise.all(jobs.map((job) => work([job])));
    }
  }

  const ask = perTurn<Job>((jobs) => void work(jobs));
  return {
    read: <T>(run: () => T) => new Promise<T>((resolve, reject) => ask({ run, resolve: resolve as (value: unknown) => void, reject })),
  };
}
