/** Plays many random schedules, counts what happened in them, and shortens the first one that breaks something. */
import fc from 'fast-check';
import { schedules } from './arbitrary.js';
import { play, type Played } from './play.js';
import { write, type Schedule } from './schedule.js';
import type { Verb } from './verb-names.js';

export interface Exploration {
  runs: number;
  steps: number;
  requests: number;
  /** In how many schedules each verb really did something. */
  fired: Map<Verb, number>;
  /** The shortest schedule found that breaks an invariant. */
  failure?: { schedule: string; broken: NonNullable<Played['broken']>; original: string };
}

export const explore = async ({ runs, seed, run = play }: { runs: number; seed: number; run?: (schedule: Schedule) => Promise<Played> }): Promise<Exploration> => {
  const result: Exploration = { runs: 0, steps: 0, requests: 0, fired: new Map() };
  let first: string | undefined;
  let last: NonNullable<Played['broken']> | undefined;
  const details = await fc.check(
    fc.asyncProperty(schedules, async (schedule) => {
      const { broken, fired, steps, requests } = await run(schedule);
      if (first === undefined) {
        result.runs++;
        result.steps += steps;
        result.requests += requests;
        for (const verb of fired.keys()) result.fired.set(verb, (result.fired.get(verb) ?? 0) + 1);
      }
      if (!broken) return true;
      first ??= write(schedule);
      last = broken;
      return false;
    }),
    { numRuns: runs, seed },
  );
  if (details.failed) result.failure = { schedule: write(details.counterexample![0]), broken: last!, original: first! };
  return result;
};
