/**
 * The refuted variants of the rotation: each is the real `present` with one rule bent, and each must make
 * the model find a counterexample. They exist only here; production has no switch for them.
 */
import { WINNERS_KEPT, present, type RotationState } from '../rotation.js';

export type Present = typeof present;

/** Ids never repeat a win in production. Here a settled id may rotate again. */
export const spentIdWinsAgain: Present = (family, shown, limits) => {
  const verdict = present(family, shown, limits);
  if (verdict.decision !== 'spent' || verdict.sendCookie) return verdict;
  const again = present({ ...family, winners: [] }, shown, limits);
  return { ...again, next: { ...again.next, winners: [shown.ids[0], ...family.winners].slice(0, WINNERS_KEPT) } };
};

/** A replay counts as a rotation for C and M. */
export const replayMovesClock: Present = (family, shown, limits) => {
  const verdict = present(family, shown, limits);
  if (!verdict.sendCookie) return verdict;
  return { ...verdict, next: { ...verdict.next, rotatedAt: shown.now } };
};

/** `startup` is answered from the cache however long ago the family rotated. */
export const cachedWithoutLimit: Present = (family, shown, limits) => {
  const fresh = { ...family, rotatedAt: shown.now };
  const verdict = present(fresh, shown, limits);
  return verdict.decision === 'cached' ? { ...verdict, next: family } : present(family, shown, limits);
};

/** Only the winner of the newest rotation has to be shown, not all since the presented cookie. */
export const onlyLastWinner: Present = (family, shown, limits) => {
  const last = family.winners[0];
  if (family.state === 'active' && shown.rot < family.rot && last !== undefined && shown.ids.includes(last)) {
    return { decision: 'replayed', next: family, sendCookie: true, settled: last, reason: null };
  }
  return present(family, shown, limits);
};

/** The store remembers one winner: a cookie two behind is never replayed. */
export const chainOfOne: Present = (family, shown, limits) =>
  present({ ...family, winners: family.winners.slice(0, 1) }, shown, limits);

/** Within C any older cookie is raced, however far back. */
export const racedWithoutChain: Present = (family, shown, limits) => {
  const verdict = present(family, shown, limits);
  if (verdict.decision !== 'reuse' || shown.now - family.rotatedAt > limits.raceMs) return verdict;
  return { decision: 'raced', next: family, sendCookie: false, settled: null, reason: null };
};

/** The newest cookie with the id that won it is "the same request again". */
export const sameAttemptReplays: Present = (family, shown, limits) => {
  const [attempt] = shown.ids;
  if (family.state === 'active' && shown.rot === family.rot && attempt === family.winners[0]) {
    return { decision: 'replayed', next: family, sendCookie: true, settled: attempt, reason: null };
  }
  return present(family, shown, limits);
};

/** Healing forgets who won: an older cookie has no chain any more. */
export const healForgetsWinners: Present = (family, shown, limits) => {
  const verdict = present(family, shown, limits);
  if (verdict.decision !== 'healed') return verdict;
  const next: RotationState = { ...verdict.next, winners: [] };
  return { ...verdict, next };
};

/** A replay carries a token however late it comes. */
export const lateReplayHasToken: Present = (family, shown, limits) => {
  const verdict = present(family, shown, limits);
  if (verdict.decision !== 'spent' || !verdict.sendCookie) return verdict;
  return { ...verdict, decision: 'replayed', sendCookie: true };
};
