/**
 * Asks of one turn of the event loop, in one script call: on a busy process a command costs the client, the connection and
 * Redis more than what it asks for.
 *
 *     requests   a b c                d e
 *     loop      ─┴─┴─┴─ one call ──────┴─┴─ one call ── answers a b c ─
 *
 * A cluster refuses keys of two slots before it runs anything; from then on each ask goes by itself.
 */
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
  let waiting: Job[] = [];
  let apart = false;

  function send(jobs: readonly Job[]): void {
    run(jobs).then(
      (answers) => jobs.forEach((job, at) => job.resolve(answers[at]!)),
      (error: unknown) => {
        if (jobs.length === 1 || !crossesSlots(error)) return jobs.forEach((job) => job.reject(error));
        apart = true;
        jobs.forEach((job) => send([job]));
      },
    );
  }

  function leave(): void {
    const most = apart ? 1 : LARGEST;
    for (; waiting.length > 0; waiting = waiting.slice(most)) send(waiting.slice(0, most));
  }

  return (key, ask) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, ask, resolve, reject });
      if (waiting.length === 1) setImmediate(leave);
    });
}

const crossesSlots = (error: unknown): boolean => error instanceof StoreUnavailableError && error.message.includes('CROSSSLOT');
