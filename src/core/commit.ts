/**
 * The last thing a lock holder does: what an answer changes in the ledger, if the ledger still lets it.
 *
 * Every result is fenced by what it was sent for. A holder that was frozen, deposed or overtaken by a
 * sign-out wakes up with an answer in its hand; the hold, the session and the closed list have moved on
 * and the answer is dropped, whatever it says. Only the settling of the attempt id is always taken over:
 * it is a fact about the cookie, and the id is compared with the one that is pending.
 */
import { shortHash } from '../contract/wire.js';
import { isLater, type Grant } from './grant.js';
import { askLogout, closeSession, holds, releaseHold, settleAttempt } from './record-moves.js';
import { isClosed, spanHolds, type LedgerRecord } from './record.js';
import type { Answer } from './reader.js';
import type { RefreshReason, SessionEndReason } from './types.js';
import type { Verdict } from './verdict.js';

export interface Sent {
  me: string;
  seq: number;
  key: string;
  reason: RefreshReason;
  /** Session in the ledger when it was sent. */
  sid?: string;
  /** Generation this flight started from. */
  from: number;
  /** Both clocks at the start of the request, and how long it took. */
  monotonic: number;
  wall: number;
  duration: number;
  now: number;
  /** A session id, should the backend name none. */
  localSid: string;
  /** In [0, 1): jitter, and the fraction of a session's own time. */
  random: number;
}

export type Result =
  | { is: 'granted'; grant: Grant; startedAnew: boolean }
  /** Fenced off: the world moved on while this was under way. */
  | { is: 'stale' }
  /** The endpoint speaks for a session older than ours, which is not the one that is signed in here. */
  | { is: 'older' }
  /** The server took a closed session for open: it has to hear of the sign-out again. */
  | { is: 'logout' }
  | { is: 'ended'; sid?: string; reason: SessionEndReason }
  | { is: 'nobody' }
  | { is: 'again' }
  | { is: 'wait'; wait: number; failures: number; note: string };

const BASE_MS = 1_000;
const CAP_MS = 60_000;

const admit = (record: LedgerRecord, answer: Answer, sent: Sent): [LedgerRecord, Result] => {
  // Its hash tells two accounts apart without writing a user's name to disk.
  const subject = answer.sub && shortHash(answer.sub);
  const same = record.sid && !isClosed(record, record.sid) && (!subject || !record.subject || subject === record.subject);
  const sid = answer.sid ?? (same ? record.sid! : sent.localSid);
  if (isClosed(record, sid)) return [askLogout(record, sid, 'device'), { is: 'logout' }];
  const known = sid === record.sid;
  // Where the backend names no time, no two sessions have the same: of two that do, each would be the older one for somebody.
  // Never a whole number, which is what a server says.
  const sessionAt = answer.sessionAt ?? (known ? record.sessionAt : Math.max(sent.now, record.sessionAt + 1) + 0.25 + sent.random / 2);
  // Another session than the ledger's is either a newer login, or the late answer of an older one.
  if (record.sid !== sent.sid && (!answer.sid || !known)) return [record, { is: 'stale' }];
  if (!known && record.sid && record.level === 'full' && !isLater(sessionAt, record.sessionAt)) return [record, { is: 'older' }];
  const held = known ? record.tokens[sent.key]?.generation ?? 0 : 0;
  const generation = answer.generation ?? Math.max(held, known ? sent.from : 0) + 1;
  const grant: Grant = {
    token: answer.token,
    sid,
    sessionAt,
    generation,
    key: sent.key,
    scope: answer.scope,
    sub: answer.sub,
    lifetime: answer.lifetime,
    remaining: answer.remaining,
    monotonic: sent.monotonic,
    wall: sent.wall,
  };
  const rotated = answer.outcome === 'rotated' || answer.outcome === 'replayed';
  return [
    {
      ...record,
      sid,
      sessionAt: known ? Math.max(record.sessionAt, sessionAt) : sessionAt,
      subject: subject ?? (known ? record.subject : undefined),
      tokens: { ...(known ? record.tokens : {}), [sent.key]: { generation, at: sent.wall, for: answer.lifetime && answer.remaining } },
      durations: [Math.round(sent.duration), ...record.durations].slice(0, 8),
      cooldown: undefined,
      rejected: sent.reason === 'unauthorized' ? { sid, key: sent.key, generation, at: sent.now } : record.rejected,
      settle: rotated || !answer.settleAfter ? (rotated ? undefined : record.settle) : { at: sent.now, for: answer.settleAfter },
      login: record.login?.sid === sid ? record.login : undefined,
      hint: true,
    },
    { is: 'granted', grant, startedAnew: !known },
  ];
};

/** Full jitter, so that many origins do not come back as one wave; of two `Retry-After`, the later. */
const coolDown = (record: LedgerRecord, verdict: { retryAfter?: number; soft?: boolean }, sent: Sent): NonNullable<LedgerRecord['cooldown']> => {
  const before = record.cooldown;
  const failures = (before?.failures ?? 0) + 1;
  const jitter = sent.random * Math.min(CAP_MS, BASE_MS * 2 ** (failures - 1));
  // Only while it holds: after a jump of the wall clock its end may be hours away.
  const rest = spanHolds(before, sent.now) && !before.soft ? before.at + before.for - sent.now : 0;
  return { at: sent.now, for: Math.round(Math.max(verdict.retryAfter ?? jitter, rest)), failures, soft: !!verdict.soft };
};

export const commit = (stored: LedgerRecord, verdict: Verdict, sent: Sent): [LedgerRecord, Result] => {
  const heard = settleAttempt(stored, verdict.settled);
  // Only a full endpoint settles ids, whatever else it answered: from now on it has to see the winners.
  const record: LedgerRecord = verdict.settled ? { ...heard, level: 'full' } : heard;
  if (!holds(record, sent.me, sent.seq)) {
    const undone = verdict.is === 'grant' && sent.sid && sent.sid === record.sid && isClosed(record, sent.sid);
    return [undone ? askLogout(record, sent.sid!, 'device') : record, { is: 'stale' }];
  }
  const free = releaseHold(record, sent.me, sent.seq);
  switch (verdict.is) {
    case 'grant': {
      const [next, result] = admit(free, verdict.answer, sent);
      return [result.is === 'granted' ? { ...next, level: verdict.level } : next, result];
    }
    case 'transient':
    case 'fault': {
      // A scope or resource that is not to be had is nobody else's business: the other tokens are refreshed as ever.
      if (verdict.is === 'fault' && sent.key !== '|') return [free, { is: 'wait', wait: BASE_MS, failures: 0, note: verdict.note }];
      const cooldown = coolDown(record, verdict.is === 'transient' ? verdict : {}, sent);
      return [{ ...free, cooldown }, { is: 'wait', wait: cooldown.for, failures: cooldown.failures, note: verdict.note }];
    }
    case 'spent':
      return [free, { is: 'again' }];
    case 'none':
      return [free, { is: 'nobody' }];
    case 'ended': {
      if (record.sid !== sent.sid) return [free, { is: 'stale' }];
      // No session here, and none named: a visitor whom a plain backend turned away.
      if ((!record.sid || isClosed(record, record.sid)) && !verdict.sid) return [free, { is: 'nobody' }];
      // The cookie that was presented belongs to an older login than ours: ours was not presented.
      if (verdict.sid && record.sid && verdict.sid !== record.sid) return [closeSession(free, verdict.sid, verdict.reason, sent.now), { is: 'nobody' }];
      const sid = verdict.sid ?? record.sid;
      return [closeSession(free, sid, verdict.reason, sent.now), { is: 'ended', sid, reason: verdict.reason }];
    }
  }
};
