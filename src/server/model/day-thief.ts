/** The thieves of a simulated day. Each stops when the family is revoked, or when his habit says so. */
import { MAX_IDS, type RefreshReason } from '../../contract/wire.js';
import type { DayBrowser, Profile } from './day-browser.js';
import type { Day } from './day-queue.js';
import { LIFETIME_MS, type DayServer } from './day-server.js';

export type Habit =
  /** The cookie alone, used from the theft on, once per lifetime. */
  | 'at once'
  /** The same, always a second after the victim. */
  | 'in step'
  /** The cookie alone, and only ever `startup`. */
  | 'startup'
  /** The cookie alone, one use. */
  | 'one shot'
  /** The whole profile while the victim sleeps for ten hours; he stops before the victim is back. */
  | 'sleeping victim'
  /** The same, the copy made before the jar was flushed. */
  | 'sleeping victim, old cookie'
  /** The same, the copy made in mid-refresh. */
  | 'sleeping victim, unresolved'
  /** The whole profile, an old cookie, and every known winner shown in random order: the chain rule under attack. */
  | 'chain';

export interface Loot {
  tokens: number;
  /** When he got the last one. */
  last: number;
  stolenAt: number;
}

const NIGHT_MS = 36_000_000;
const always = Number.POSITIVE_INFINITY;

export function openThief(day: Day, server: DayServer, victim: DayBrowser, habit: Habit): Loot {
  const loot: Loot = { tokens: 0, last: -1, stolenAt: -1 };
  let profile: Profile = { cookie: 0, attempt: null, winners: [] };
  let cookies: number[] = [];
  let own: string[] = [];
  let made = 0;
  // A replay of an old cookie is the better life, as long as it brings a token.
  let replays = true;

  const newest = (): number => Math.max(...cookies);
  const best = (): number => (replays ? Math.min(...cookies) : newest());
  const known = (): string[] => [...own, ...(profile.attempt === null || own.includes(profile.attempt) ? [] : [profile.attempt]), ...profile.winners];

  function present(cookie: number, pending: string | null, shown: readonly string[], reason: RefreshReason): void {
    if (server.ended()) return;
    made += 1;
    const attempt = pending ?? `thief-${made}`;
    const others = shown.filter((id) => id !== attempt).slice(0, MAX_IDS - 1);
    const served = server.serve(cookie, [attempt, ...others], reason);
    if (served.tokenUntil !== null) {
      loot.tokens += 1;
      loot.last = day.now();
    }
    if (served.cookie !== null && !cookies.includes(served.cookie)) cookies.push(served.cookie);
    if (served.decision === 'rotated') own = [attempt, ...own];
    // He reads attempt_spent like everybody else.
    if (served.decision !== 'spent' || served.cookie === null) return;
    replays = false;
    present(served.cookie, null, known(), reason);
  }

  function steal(from: 'disk' | 'memory'): void {
    profile = victim.copy(from);
    if (!habit.startsWith('sleeping') && habit !== 'chain') profile = { cookie: profile.cookie, attempt: null, winners: [] };
    cookies = [profile.cookie];
    loot.stolenAt = day.now();
  }

  function every(ms: number, until: number, use: () => void): void {
    use();
    if (day.now() + ms < until && !server.ended()) day.after(ms, () => every(ms, until, use));
  }

  function shuffled(ids: readonly string[]): string[] {
    const rest = [...ids];
    const mixed: string[] = [];
    while (rest.length > 0) mixed.push(...rest.splice(Math.floor(day.chance() * rest.length), 1));
    return mixed;
  }

  /** Looks every second for the moment at which the disk is behind the memory. */
  function stealUnflushed(): void {
    const before = victim.copy('disk').cookie;
    if (victim.asleep() || victim.copy('memory').cookie === before) {
      day.after(1_000, stealUnflushed);
      return;
    }
    steal('disk');
    if (habit === 'chain') {
      every(LIFETIME_MS, always, () => present(cookies[Math.floor(day.chance() * cookies.length)] ?? before, null, shuffled(known()), 'expiring'));
      return;
    }
    victim.sleep(NIGHT_MS);
    every(LIFETIME_MS, day.now() + NIGHT_MS - 600_000, () => present(best(), null, known(), 'expiring'));
  }

  const wait = 6 * 3_600_000 + day.chance() * 6 * 3_600_000;
  switch (habit) {
    case 'at once':
      day.after(wait, () => {
        steal('memory');
        every(LIFETIME_MS, always, () => present(newest(), null, own, 'expiring'));
      });
      break;
    case 'startup':
      day.after(wait, () => {
        steal('memory');
        every(LIFETIME_MS / 3, always, () => present(newest(), null, own, 'startup'));
      });
      break;
    case 'one shot':
      day.after(wait, () => {
        steal('memory');
        present(newest(), null, [], 'expiring');
      });
      break;
    case 'in step': {
      day.after(wait, () => steal('memory'));
      victim.onPresented(() => {
        if (loot.stolenAt >= 0) day.after(1_000, () => present(newest(), null, own, 'expiring'));
      });
      break;
    }
    case 'sleeping victim':
      // Asleep long enough for the jar to be flushed and everything in flight to be over.
      day.after(wait, () => {
        victim.sleep(NIGHT_MS);
        day.after(120_000, () => {
          steal('disk');
          if (profile.attempt !== null) return;
          every(LIFETIME_MS, loot.stolenAt + NIGHT_MS - 600_000, () => present(newest(), null, known(), 'expiring'));
        });
      });
      break;
    case 'sleeping victim, old cookie':
    case 'chain':
      day.after(wait, stealUnflushed);
      break;
    case 'sleeping victim, unresolved':
      day.after(wait, () => {
        victim.onSent(() => {
          if (loot.stolenAt >= 0) return;
          steal('memory');
          victim.sleep(NIGHT_MS);
          // Once the pending id has won for him it is spent; then it proves the replay of the cookie he stole.
          every(LIFETIME_MS, day.now() + NIGHT_MS - 600_000, () => present(best(), own.length === 0 ? profile.attempt : null, known(), 'expiring'));
        });
      });
      break;
  }
  return loot;
}
