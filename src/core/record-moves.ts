/** What may happen to the ledger record: pure steps from one record to the next, to be run inside one atomic update. */
import { endReason } from './reasons.js';
import { isClosed, MAX_WINNERS, SCHEMA, type LedgerRecord } from './record.js';

export const emptyRecord = (incarnation: string): LedgerRecord => ({
  schema: SCHEMA,
  incarnation,
  sessionAt: 0,
  tokens: {},
  durations: [],
  hold: { by: '', seq: 0, at: 0, for: 0 },
  winners: [],
  closed: [],
  leaderEpoch: 0,
  hint: false,
});

const unique = (ids: string[]) => [...new Set(ids)];

/** Two records of one origin, after one of them was lost: by maximum, so nothing known is forgotten. */
export const mergeRecords = (stored: LedgerRecord, known: LedgerRecord): LedgerRecord => {
  const [late, early] = stored.sessionAt >= known.sessionAt ? [stored, known] : [known, stored];
  const tokens = { ...late.tokens };
  // A later record that names nobody waits for the answer that will: an older session does not take that place.
  const heir = late.sid || late.sessionAt > early.sessionAt ? late : early;
  if (late.sid === early.sid)
    for (const [key, token] of Object.entries(early.tokens))
      if (token.generation > (tokens[key]?.generation ?? -1)) tokens[key] = token;
  return {
    ...stored,
    sid: heir.sid,
    sessionAt: late.sessionAt,
    subject: heir.subject,
    level: stored.level ?? known.level,
    tokens,
    hold: stored.hold.seq >= known.hold.seq ? stored.hold : known.hold,
    attempt: stored.attempt ?? known.attempt,
    winners: unique([...stored.winners, ...known.winners]).slice(0, MAX_WINNERS),
    closed: [...stored.closed, ...known.closed.filter(({ sid }) => !isClosed(stored, sid))].slice(-8),
    logout: stored.logout ?? known.logout,
    mode: stored.mode ?? known.mode,
    leaderEpoch: Math.max(stored.leaderEpoch, known.leaderEpoch),
    hint: stored.hint || known.hint,
  };
};

/** Ends a session for good in the record. */
export const closeSession = (record: LedgerRecord, sid: string | undefined, reason: string, now: number): LedgerRecord => ({
  ...record,
  closed: sid && !isClosed(record, sid) ? [...record.closed, { sid, at: now, reason: endReason(reason) }].slice(-8) : record.closed,
  ...(record.sid === sid ? { hint: false, tokens: {}, cooldown: undefined, settle: undefined } : {}),
});

/**
 * A sign-out the endpoint is to hear of. One that waits for its turn is not pushed aside by an older session's: that one
 * was over with the later login, and the page that says so may have slept since. One of every device stays one, whoever has
 * to say it again.
 */
export const askLogout = (record: LedgerRecord, sid: string, scope: 'device' | 'all'): LedgerRecord => {
  const { logout } = record;
  if (logout && logout.sid !== sid && record.sid !== sid) return record;
  return { ...record, logout: { sid, scope: logout?.sid === sid && logout.scope === 'all' ? 'all' : scope } };
};

/** Moves the attempt to the winners, only when the endpoint names exactly the one that is pending. */
export const settleAttempt = (record: LedgerRecord, settled: string | undefined): LedgerRecord =>
  settled && settled === record.attempt
    ? { ...record, attempt: undefined, winners: unique([settled, ...record.winners]).slice(0, MAX_WINNERS) }
    : record;

/** Names the attempt to come, so that its request need not wait until the name is on disk. */
export const prepareAttempt = (record: LedgerRecord, id: string): LedgerRecord => (record.attempt || record.next ? record : { ...record, next: id });

/**
 * Gives the hold back if it is still the one that was taken. `orphan`: the hold of a dead holder that was taken over and whose
 * request was not waited for to its end; the next one has to know of it.
 */
export const releaseHold = (record: LedgerRecord, me: string, seq: number, orphan?: LedgerRecord['hold']): LedgerRecord =>
  holds(record, me, seq) ? { ...record, hold: orphan ? { ...orphan, seq: seq + 1 } : { ...record.hold, by: '' } } : record;

export const holds = (record: LedgerRecord, me: string, seq: number): boolean =>
  record.hold.by === me && record.hold.seq === seq;

export const takeHold = (record: LedgerRecord, me: string, now: number, span: number): LedgerRecord => ({
  ...record,
  hold: { by: me, seq: record.hold.seq + 1, at: now, for: span },
});
