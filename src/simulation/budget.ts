/**
 * S1: how many refresh requests a run may send. One per session and key, one per expiry, one for each that
 * somebody demanded, one for each answer that was no token, one for each fault.
 */
import type { MintedToken } from './backend.js';

/** What a caller wants left by default, ms: a token with less is as good as expired. */
const MIN_TTL_MS = 10_000;
const REFRESH_AHEAD_MS = 60_000;
/** A token's age is counted from the start of its request, so its window opens that much earlier. */
const UNDER_WAY_MS = 250;

export interface Budget {
  /** A request left. */
  sent(key: string): void;
  minted(token: MintedToken): void;
  /** One more request is in order for this key, or for every key. */
  allow(key?: string): void;
  /** The sentence to print when a key has used more than it may at this time of the server; else nothing. */
  overdrawn(key: string, now: number): string | undefined;
  readonly requests: number;
}

/** When a token may be replaced: inside the window of refreshing ahead, or too short for an ordinary caller. */
const opens = ({ at, lifetime }: MintedToken): number =>
  at + lifetime - Math.max(Math.min(MIN_TTL_MS, lifetime / 2), Math.min(REFRESH_AHEAD_MS, lifetime / 10)) - UNDER_WAY_MS;

export const createBudget = (): Budget => {
  const sent = new Map<string, number>();
  const allowed = new Map<string, number>();
  const tokens: MintedToken[] = [];
  let everyKey = 0;
  let requests = 0;
  return {
    sent(key) {
      requests++;
      sent.set(key, (sent.get(key) ?? 0) + 1);
    },
    minted: (token) => void tokens.push(token),
    allow(key) {
      if (key === undefined) everyKey++;
      else allowed.set(key, (allowed.get(key) ?? 0) + 1);
    },
    overdrawn(key, now) {
      const expiries = tokens.filter((token) => token.key === key && opens(token) <= now).length;
      const other = everyKey + (allowed.get(key) ?? 0);
      const used = sent.get(key) ?? 0;
      return used > expiries + other ? `${used} requests for "${key}", but ${expiries} expiries and ${other} other causes` : undefined;
    },
    get requests() {
      return requests;
    },
  };
};
