/** Every run of the model: what is checked, what must be refuted, and which runs are too long for the suite. */
import { browser, browserWorld, type BrowserConfig } from './browser-world.js';
import { search, type SearchResult } from './search.js';
import { thief, thiefWorld, type ThiefConfig } from './thief-world.js';
import {
  cachedWithoutLimit,
  chainOfOne,
  healForgetsWinners,
  lateReplayHasToken,
  onlyLastWinner,
  racedWithoutChain,
  replayMovesClock,
  sameAttemptReplays,
  spentIdWinsAgain,
} from './variants.js';

export interface Run {
  readonly name: string;
  /** `holds`: no counterexample in all states. `refuted`: a negative control, a counterexample must turn up. */
  readonly expects: 'holds' | 'refuted';
  /** `long` runs are for `npm run model` alone. */
  readonly size: 'suite' | 'long';
  run(): SearchResult;
}

const MOST_STATES = 12_000_000;

/** The same constants in units of 5 s, where M = 35 s is exact. */
const FINE = { D: 2, Q: 2, C: 4, M: 7, F: 6, O: 8 } as const;

const browserRun = (expects: Run['expects'], size: Run['size'], name: string, config: Partial<BrowserConfig>): Run => ({
  name,
  expects,
  size,
  run: () => search(browserWorld({ ...browser, ...config }), MOST_STATES),
});

const honest = (size: Run['size'], name: string, config: Partial<BrowserConfig>): Run => browserRun('holds', size, `no thief: ${name}`, config);
const refuted = (name: string, config: Partial<BrowserConfig>): Run => browserRun('refuted', 'suite', `refuted: ${name}`, config);

const thiefRun = (expects: Run['expects'], size: Run['size'], name: string, config: Partial<ThiefConfig>): Run => ({
  name,
  expects,
  size,
  run: () => search(thiefWorld({ ...thief, ...config }), MOST_STATES),
});

const { L, M, C } = thief;
/** Latest token of a thief after the victim's return, in units; the runs show that one unit less is refuted. */
export const BOUNDS = {
  /** 2 lifetimes + M + C. */
  idle: (lifetime: number): number => 2 * lifetime + M + C - 1,
  /** 3 lifetimes, where the server renews cached tokens by itself and everybody says `startup`. */
  idleMinted: (lifetime: number): number => 3 * lifetime + C - 1,
  /** 3 lifetimes + 2 M + C: the pending id may win once for the thief. */
  unresolved: (lifetime: number): number => 3 * lifetime + 2 * (M - 1) + C,
  /** 5 lifetimes: both of the above. */
  unresolvedMinted: (lifetime: number): number => 5 * lifetime,
  /** A lifetime + C after his return the victim has revealed a thief who lived on the family. */
  caught: (lifetime: number): number => lifetime + C,
} as const;

const bounded = (size: Run['size'], name: string, config: Partial<ThiefConfig> & { bound: number }): Run =>
  thiefRun('holds', size, `bounded: ${name}, last token ≤ ${config.bound} units of 10 s with lifetime ${config.L ?? L}`, config);
const caught = (name: string, config: Partial<ThiefConfig>): Run =>
  thiefRun('holds', 'suite', `caught: ${name}`, { lives: 2, bound: BOUNDS.caught(config.L ?? L), ...config });
const unbounded = (name: string, config: Partial<ThiefConfig>): Run => thiefRun('refuted', 'suite', `refuted: ${name}`, { bound: 6 * L, ...config });
const uncaught = (name: string, config: Partial<ThiefConfig>): Run =>
  thiefRun('refuted', 'suite', `refuted: ${name}`, { lives: 2, bound: BOUNDS.caught(config.L ?? L), ...config });

export const runs: readonly Run[] = [
  honest('suite', 'two tabs', {}),
  honest('suite', 'three tabs', { tabs: 3 }),
  honest('suite', 'two tabs, a resend', { resends: 1 }),
  honest('suite', 'two tabs, two resends', { resends: 2 }),
  honest('suite', 'two tabs, a kill', { kills: 1 }),
  honest('suite', 'two tabs, a tab closed mid-refresh', { closes: 1 }),
  honest('suite', 'two tabs, a kill and a resend', { kills: 1, resends: 1 }),
  honest('suite', 'one tab, two kills and a resend', { tabs: 1, kills: 2, resends: 1 }),
  honest('suite', 'two tabs, a store rollback and a resend', { rollbacks: 1, resends: 1 }),
  honest('suite', 'two tabs, a resend, in units of 5 s', { resends: 1, ...FINE }),
  honest('long', 'two tabs, a kill, a resend and a tab closed mid-refresh', { kills: 1, resends: 1, closes: 1 }),
  honest('long', 'two tabs, two kills', { kills: 2 }),
  honest('long', 'two tabs, two kills and a resend', { kills: 2, resends: 1 }),
  honest('long', 'two tabs, two resends and a kill', { kills: 1, resends: 2 }),
  honest('long', 'three tabs, a kill and a resend', { tabs: 3, kills: 1, resends: 1 }),
  honest('long', 'two tabs, a store rollback and two resends', { rollbacks: 1, resends: 2 }),
  honest('long', 'two tabs, a kill and a resend, in units of 5 s', { kills: 1, resends: 1, ...FINE }),
  honest('long', 'one tab, two kills and a resend, in units of 5 s', { tabs: 1, kills: 2, resends: 1, ...FINE }),
  honest('long', 'two tabs, a store rollback and a resend, in units of 5 s', { rollbacks: 1, resends: 1, ...FINE }),

  bounded('suite', 'cookie alone', { loot: 'cookie', bound: BOUNDS.idle(L) }),
  bounded('suite', 'whole profile, the victim loses an answer', { loot: 'profile', losses: 1, bound: BOUNDS.idle(L) }),
  bounded('suite', 'whole profile, everybody may say startup', { loot: 'profile', startups: true, bound: BOUNDS.idle(L) }),
  bounded('suite', 'whole profile, startup and tokens minted by the server', { loot: 'profile', startups: true, mints: true, bound: BOUNDS.idleMinted(L) }),
  bounded('suite', 'profile with an old cookie', { loot: 'unflushed', bound: BOUNDS.idle(L) }),
  bounded('suite', 'profile with an unresolved attempt', { loot: 'unresolved', bound: BOUNDS.unresolved(L) }),
  bounded('long', 'profile with an unresolved attempt, startup and tokens minted by the server', { loot: 'unresolved', startups: true, mints: true, bound: BOUNDS.unresolvedMinted(L) }),
  bounded('long', 'profile with an unresolved attempt, startup and tokens minted by the server', { L: 8, loot: 'unresolved', startups: true, mints: true, bound: BOUNDS.unresolvedMinted(8) }),
  bounded('long', 'whole profile, startup and tokens minted by the server', { L: 8, loot: 'profile', startups: true, mints: true, bound: BOUNDS.idleMinted(8) }),
  bounded('long', 'profile with an unresolved attempt', { L: 12, loot: 'unresolved', bound: BOUNDS.unresolved(12) }),
  bounded('long', 'whole profile', { L: 12, loot: 'profile', bound: BOUNDS.idle(12) }),
  caught('cookie alone', { loot: 'cookie' }),
  caught('whole profile', { loot: 'profile', startups: true }),
  caught('profile with an old cookie', { loot: 'unflushed', startups: true }),
  caught('profile with an unresolved attempt', { loot: 'unresolved', startups: true }),

  refuted('C = Q', { C: 1, resends: 1 }),
  refuted('M = D + Q', { M: 2, resends: 1 }),
  refuted('a chain of one', { kills: 1, present: chainOfOne }),
  refuted('four ids in a request', { tabs: 1, kills: 2, remembers: 3 }),
  refuted('ids of the last completed instead of the winning attempt', { kills: 1, files: 'completed', remembers: 3 }),
  refuted('separate ledgers for one cookie', { ledgers: 2 }),
  refuted('a heal that forgets the winners', { rollbacks: 1, present: healForgetsWinners }),
  unbounded('a replay moves the clock', { loot: 'profile', present: replayMovesClock }),
  unbounded('cached without the limit', { loot: 'profile', startups: true, mints: true, present: cachedWithoutLimit }),
  unbounded('raced without the chain before it', { loot: 'profile', present: racedWithoutChain }),
  uncaught('the same-attempt case', { loot: 'profile', present: sameAttemptReplays }),
  uncaught('only the last winner needed', { loot: 'unresolved', present: onlyLastWinner }),
  uncaught('a spent id may win again', { L: 5, loot: 'unresolved', present: spentIdWinsAgain }),
  uncaught('a late replay carries a token', { loot: 'unflushed', present: lateReplayHasToken }),
  uncaught('a late replay carries a token, with an unresolved attempt', { loot: 'unresolved', present: lateReplayHasToken }),
];
