/** The endpoint of a simulated day: the real `present`, real constants, one token per family. */
import { MIN_ROTATION_MS, RACE_MS, type RefreshReason } from '../../contract/wire.js';
import type { RotationState, Verdict } from '../rotation.js';
import type { Day } from './day-queue.js';
import type { Present } from './variants.js';

export const DAY_MS = 86_400_000;
export const LIFETIME_MS = 300_000;

export interface Served {
  readonly decision: Verdict['decision'];
  /** The rotation number of the cookie that comes along, or `null`. */
  readonly cookie: number | null;
  readonly settled: string | null;
  /** When the token that comes along runs out, or `null`. */
  readonly tokenUntil: number | null;
}

export interface DayServer {
  serve(rot: number, ids: readonly [string, ...string[]], reason: RefreshReason): Served;
  ended(): boolean;
}

export function openServer(day: Day, present: Present): DayServer {
  let family: RotationState = {
    rot: 0,
    winners: [],
    rotatedAt: 0,
    healedAt: null,
    state: 'active',
    endedReason: null,
    absoluteExpiry: 90 * DAY_MS,
    idleExpiry: 14 * DAY_MS,
  };
  let tokenUntil = LIFETIME_MS;

  return {
    serve(rot, ids, reason) {
      const now = day.now();
      const cached = { lifetimeMs: LIFETIME_MS, remainingMs: tokenUntil - now };
      const limits = { raceMs: RACE_MS, floorMs: MIN_ROTATION_MS, idleMs: 14 * DAY_MS };
      const verdict = present(family, { rot, reason, ids, now, cached, minTtlMs: 10_000 }, limits);
      family = verdict.next;
      const token = !['spent', 'reuse', 'dead'].includes(verdict.decision);
      const keep = verdict.decision === 'cached' || (reason === 'startup' && cached.remainingMs >= 10_000);
      if (token && !keep) tokenUntil = now + LIFETIME_MS;
      return {
        decision: verdict.decision,
        cookie: verdict.sendCookie ? family.rot : null,
        settled: verdict.settled,
        tokenUntil: token ? tokenUntil : null,
      };
    },
    ended: () => family.state === 'ended',
  };
}
