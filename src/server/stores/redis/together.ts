/**
 * Asks of one turn of the event loop, in one script call: on a busy process a command costs the client, the connection and
 * Redis more than what it asks for.
 *
 *     requests   a b c                d e
 *     loop      ─┴─┴─┴─ one call ──────┴─┴─ one call ── answers a b c ─
 *
 * A cluster refuses keys of two slots before it runs anything; from then on each ask goes by itself. So it does, this once,
 * where one of them wanted to write to what has become a replica: the others may be answered.
 */
import { perTurn } from '../per-turn.js';
import { StoreUnavailableError } from '../../store.js';

/** Bounds for how long one call holds up everybody else's Redis: a presentation takes it about 20 µs. */
const LARGEST = 64;

export interface Asked<Ask> {
  readonly key: string;
  readonly ask: Ask;
}

/** `run` answers in the order it was asked. */
export function together<Ask, Answer>(run: (asked: readonly Asked<Ask>[]) => Promise<readonly Answer[]>): (key: string, ask: Ask) => Promise<Answer> {
  interface Job extends Asked<Ask> {
    resolve(answer: Answer): void;
    reject(error: unknown): void;
  }
  let apart = false;

  function send(jobs: readonly Job[]): void {
    run(jobs).then(
      (answers) => jobs.forEach((job, at) => job.resolve(answers[at]!)),
      (error: unknown) => {
        if (jobs.length === 1 || !(says(error, 'CROSSSLOT') || says(error, 'READONLY'))) return jobs.forEach((job) => job.reject(error));
        apart ||= says(error, 'CROSSSLOT');
        jobs.forEach((job) => send([job]));
      },
    );
  }

  const leave = perTurn<Job>((jobs) => {
    const most = apart ? 1 : LARGEST;
    for (let from = 0; from < jobs.length; from += most) send(jobs.slice(from, from + most));
  });
  return (key, ask) => new Promise((resolve, reject) => leave({ key, ask, resolve, reject }));
}

const says = (error: unknown, word: string): boolean => error instanceof StoreUnavailableError && error.message.includes(word);
