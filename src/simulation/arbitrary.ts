/** Schedules at random: fast-check draws them, and shortens those that break something. */
import fc from 'fast-check';
import type { Action, Gap, Schedule, Who } from './schedule.js';
import { FAULTS, ORDINARY, SESSION, type Verb } from './verb-names.js';

/** What a backend that knows nothing of us survives: closing, crashing, freezing, and whatever never reaches it. */
const PLAIN: Verb[] = ['close', 'crash', 'freeze', 'stop', 'thaw', 'thaw', 'cache', 'restore', 'restore', 'sick', 'limited', 'portal', 'loseRequest', 'lossy', 'double', 'slow', 'slowLocks', 'hide', 'show'];
const CALM: Verb[] = ['get', 'get', 'burst', 'burst', 'noWait', 'open', 'hide', 'show', 'rest', 'picky'];

const verbOf = (verbs: readonly Verb[]): fc.Arbitrary<Verb> => fc.constantFrom(...verbs);
const everything = fc.oneof(
  { weight: 5, arbitrary: verbOf(['get', 'burst', 'burst', 'open', 'rest', 'hide', 'show', ...ORDINARY]) },
  { weight: 3, arbitrary: verbOf(['signIn', 'signIn', 'signOut', 'signOut', ...SESSION]) },
  // Ending a fault needs one that has begun, so these are drawn more often.
  { weight: 12, arbitrary: verbOf([...FAULTS, 'thaw', 'restore', 'cache', 'forget', 'ledgerFails', 'lossy', 'double', 'slow', 'corrupt']) },
);
const survivable = fc.oneof({ weight: 4, arbitrary: verbOf(['get', 'burst', 'burst', 'open', 'rest', 'force']) }, { weight: 7, arbitrary: verbOf(PLAIN) });

const gap: fc.Arbitrary<Gap> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<Gap>('flight', 'landing') },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 60 }) },
  { weight: 3, arbitrary: fc.constantFrom(200, 1_500, 5_000, 12_500, 31_000, 50_500, 55_000, 61_000, 61_000) },
);
const who: fc.Arbitrary<Who> = fc.oneof({ weight: 3, arbitrary: fc.nat(5) }, { weight: 2, arbitrary: fc.constant<Who>('holder') });
const actions = (verb: fc.Arbitrary<Verb>): fc.Arbitrary<Action[]> =>
  fc.array(fc.record({ gap, verb, who, arg: fc.nat(11) }), { minLength: 2, maxLength: 24, size: 'max' });

const base = {
  engine: fc.constantFrom('chromium' as const, 'firefox' as const, 'webkit' as const),
  seed: fc.nat(999_999),
  tabs: fc.array(fc.constantFrom('page' as const, 'page' as const, 'page' as const, 'iframe' as const, 'worker' as const, 'foreign' as const), { minLength: 1, maxLength: 4 }),
  life: fc.constantFrom(60, 60, 30, 300),
};

export const schedules: fc.Arbitrary<Schedule> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ ...base, level: fc.constant('full' as const), signedIn: fc.boolean(), native: fc.constantFrom(true, true, true, true, false), actions: actions(everything) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      ...base,
      level: fc.constantFrom('plain' as const, 'fenced' as const),
      signedIn: fc.constant(true),
      native: fc.constant(true),
      actions: fc.oneof({ weight: 3, arbitrary: actions(survivable) }, { weight: 2, arbitrary: actions(everything) }),
    }),
  },
  {
    // No fault at all: then not one request more than the expiries.
    weight: 1,
    arbitrary: fc.record({
      ...base,
      level: fc.constantFrom('plain' as const, 'fenced' as const, 'full' as const),
      signedIn: fc.constant(true),
      native: fc.constant(true),
      actions: actions(verbOf(CALM)),
    }),
  },
);
