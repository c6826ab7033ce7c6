/**
 * The first thing a lock holder does: one atomic look at the ledger that decides what this refresh
 * is going to be, and takes the hold in the same stroke if it is going to be anything.
 */
import { isNewer } from './grant.js';
import type { Level, RefreshReason } from './types.js';
import { holds, takeHold } from './record-moves.js';
import { isClosed, levelOf, spanHolds, type LedgerRecord } from './record.js';

export interface Quest {
  me: string;
  key: string;
  reason: RefreshReason;
  /** The token this flight wants to get past, if there was one. */
  from?: { sid: string; sessionAt: number; generation: number };
  /** The session this context lives in: if it is over, so is the flight. */
  sid?: string;
  /** A new login was announced: nothing that is already there will do. */
  demand?: boolean;
  now: number;
  /** D, ms. */
  deadline: number;
  /** The option: with `auto` the ledger knows. */
  level: 'auto' | Level;
  /** Attempt id to use if the ledger has none. */
  attempt: string;
  /** The hold that this turn has taken already, −1 for none: who lost it begins again at the lock. */
  seq: number;
  /** What an earlier look has already dealt with. */
  passed: { generation: number; orphan: boolean };
}

export type Opening =
  /** Somebody finished before us: its token is on the channel, or its owner is dead. */
  | { go: 'adopt'; generation: number }
  | { go: 'cooldown'; wait: number; failures: number }
  | { go: 'ended' }
  | { go: 'logout'; sid: string; scope: 'device' | 'all' }
  /** The token was rejected although a refresh for that very reason has just made it. */
  | { go: 'rejected' }
  | { go: 'settled' }
  /**
   * The holder before us died mid-refresh. Its request may live on in the browser process:
   *
   *   A   lock ── hold ── POST ──✝ (tab dies, lock is free 25 ms later)
   *   browser              └──────────── Set-Cookie lands
   *   B                    granted · waits ·············└ sends with the new cookie
   *
   * Nothing visible to script tells when an HttpOnly cookie lands, so B waits; without replays on the
   * other side, haste would present a spent credential and cost the session.
   */
  | { go: 'orphan'; wait: number; seq: number; orphan: LedgerRecord['hold'] }
  /** `early`: the id is on disk already, and the endpoint replays: the request need not wait for the hold to be written. */
  | { go: 'send'; seq: number; attempt: string; ids: string[]; sid?: string; have?: number; level: 'auto' | Level; early: boolean };

const REJECTED_MS = 60_000;
/** Enough observed refreshes to know how long one takes here. */
const OBSERVED = 5;

/** How much longer an orphan of the previous holder may live. */
const orphanRest = ({ hold, durations }: LedgerRecord, now: number): number => {
  if (!spanHolds(hold, now)) return 0;
  const usual = durations.length < OBSERVED ? Infinity : 4 * Math.max(...durations) + 1_000;
  return hold.at + Math.min(hold.for, usual) - now;
};

export const open = (record: LedgerRecord, quest: Quest): [LedgerRecord, Opening] => {
  const { key, reason, from, now, me, passed } = quest;
  const stop = (opening: Opening): [LedgerRecord, Opening] => [record, opening];

  if (quest.seq >= 0 && !holds(record, me, quest.seq)) return stop({ go: 'settled' });
  if (quest.sid && isClosed(record, quest.sid) && !quest.demand) return stop({ go: 'ended' });
  if (record.logout) return stop({ go: 'logout', ...record.logout });
  if (reason === 'settle' && !record.settle) return stop({ go: 'settled' });

  const held = record.tokens[key];
  if (held && !quest.demand && reason !== 'settle' && held.generation > passed.generation) {
    const alive = !held.for ? held.at <= now : spanHolds(held, now);
    if (alive && isNewer({ sid: record.sid, sessionAt: record.sessionAt, generation: held.generation }, from)) return stop({ go: 'adopt', generation: held.generation });
  }
  if (spanHolds(record.cooldown, now) && !quest.demand)
    return stop({ go: 'cooldown', wait: record.cooldown.at + record.cooldown.for - now, failures: record.cooldown.failures });
  const { rejected } = record;
  const same = rejected && rejected.sid === from?.sid && rejected.key === key && rejected.generation === from.generation;
  if (reason === 'unauthorized' && same && spanHolds({ at: rejected.at, for: REJECTED_MS }, now))
    return stop({ go: 'rejected' });

  const taken = takeHold(record, me, now, quest.deadline);
  const { seq } = taken.hold;
  const foreign = record.hold.by && record.hold.by !== me;
  const level = levelOf(quest.level, record);
  // Replies of a full endpoint can be replayed: its orphans need not be waited for.
  const replays = level === 'full';
  const wait = foreign && !replays && !passed.orphan ? orphanRest(record, now) : 0;
  if (wait > 0) return [taken, { go: 'orphan', wait, seq, orphan: record.hold }];

  const stored = record.attempt ?? record.next;
  const attempt = stored ?? quest.attempt;
  const have = from?.generation ?? (reason === 'settle' ? held?.generation : undefined);
  return [
    { ...taken, attempt, next: undefined },
    { go: 'send', seq, attempt, ids: [attempt, ...record.winners], sid: record.sid, have, level, early: !!stored && replays && !record.mode },
  ];
};
