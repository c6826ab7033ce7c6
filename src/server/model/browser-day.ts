/** Seeded browser days around the real `present`: what the exhaustive search cannot count, percentages. */
import { present } from '../rotation.js';
import { openBrowser, type Weather } from './day-browser.js';
import { openDay } from './day-queue.js';
import { DAY_MS, openServer } from './day-server.js';
import { openThief, type Habit } from './day-thief.js';
import type { Present } from './variants.js';

export const fair: Weather = { tabs: 1, loss: 0, lid: 0, kill: 0, resend: 0 };
export const rough: Weather = { tabs: 3, loss: 0.01, lid: 0.0005, kill: 0.002, resend: 0.005 };

export interface DaysResult {
  readonly days: number;
  /** Days on which the family was revoked. Without a thief each is a false logout. */
  readonly revoked: number;
  /** Days on which the thief got a token. The figures below are about these. */
  readonly robbed: number;
  readonly undetected: number;
  /** Tokens per robbed day. */
  readonly tokens: number;
}

export function simulateDays(days: number, weather: Weather, habit: Habit | null = null, rule: Present = present, seed = 1): DaysResult {
  let revoked = 0;
  let robbed = 0;
  let undetected = 0;
  let tokens = 0;
  for (let number = 0; number < days; number += 1) {
    const day = openDay(seed * 100_003 + number * 7_919);
    const server = openServer(day, rule);
    const browser = openBrowser(day, server, weather);
    browser.start();
    const loot = habit === null ? null : openThief(day, server, browser, habit);
    // With a thief a second day, so that a victim who sleeps late is back before the count.
    day.run(habit === null ? DAY_MS : 2 * DAY_MS);
    if (server.ended()) revoked += 1;
    if (loot === null || loot.tokens === 0) continue;
    robbed += 1;
    tokens += loot.tokens;
    if (!server.ended()) undetected += 1;
  }
  return { days, revoked, robbed, undetected, tokens: robbed === 0 ? 0 : tokens / robbed };
}

export const HABITS: readonly Habit[] = [
  'at once',
  'in step',
  'startup',
  'one shot',
  'sleeping victim',
  'sleeping victim, old cookie',
  'sleeping victim, unresolved',
  'chain',
];

/** What other systems do, reduced to their rule: the controls of the simulation. */
export const PEERS: Readonly<Record<'strict' | 'grace', Present>> = {
  /** Single use: any older cookie ends the family. */
  strict: (family, shown, limits) => present({ ...family, winners: [] }, shown, { ...limits, raceMs: -1, floorMs: 0 }),
  /** For 30 s after a rotation any older cookie gets the newest one. */
  grace: (family, shown, limits) => {
    const late = shown.now - family.rotatedAt > 30_000;
    if (late || family.state !== 'active' || shown.rot >= family.rot) return PEERS.strict(family, shown, limits);
    return { decision: 'replayed', next: family, sendCookie: true, settled: family.winners[0] ?? shown.ids[0], reason: null };
  },
};
