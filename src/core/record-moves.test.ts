import { describe, expect, it } from 'vitest';
import { askLogout, closeSession, emptyRecord, holds, mergeRecords, prepareAttempt, releaseHold, settleAttempt, takeHold } from './record-moves.js';
import { MAX_WINNERS, type LedgerRecord } from './record.js';

const record = (over: Partial<LedgerRecord> = {}): LedgerRecord => ({ ...emptyRecord('i'), ...over });
const ids = (...names: string[]) => names.map((name) => name.repeat(22));
const token = (generation: number) => ({ generation, at: 0, for: 60_000 });

describe('two records of one origin, after one of them was lost', () => {
  it.each<[keyof LedgerRecord, Partial<LedgerRecord>]>([
    ['sid', { sid: 's', sessionAt: 5 }],
    ['sessionAt', { sid: 's', sessionAt: 5 }],
    ['subject', { sid: 's', sessionAt: 5, subject: 'f00d' }],
    ['level', { level: 'full' }],
    ['tokens', { tokens: { '|': token(3) } }],
    ['hold', { hold: { by: 'a', seq: 2, at: 1, for: 10_000 } }],
    ['attempt', { attempt: ids('a')[0] }],
    ['winners', { winners: ids('a', 'b') }],
    ['closed', { closed: [{ sid: 's', at: 1, reason: 'signed_out' }] }],
    ['logout', { logout: { sid: 's', scope: 'all' } }],
    ['mode', { mode: 'sealed' }],
    ['leaderEpoch', { leaderEpoch: 3 }],
    ['hint', { hint: true }],
  ])('%s is kept, whichever of the two knows it', (name, fields) => {
    for (const merged of [mergeRecords(record(fields), record()), mergeRecords(record(), record(fields))]) expect(merged[name]).toEqual(fields[name]);
  });

  it('where both know something the store’s word goes first', () => {
    const stored = record({ level: 'full', attempt: ids('a')[0], winners: ids('b', 'c'), logout: { sid: 's', scope: 'all' } });
    const known = record({ level: 'plain', attempt: ids('x')[0], winners: ids('c', 'd'), logout: { sid: 't', scope: 'device' } });
    expect(mergeRecords(stored, known)).toMatchObject({ level: 'full', attempt: ids('a')[0], winners: ids('b', 'c', 'd'), logout: { sid: 's' } });
  });

  it('the later session is kept, with its own tokens; of one session the newest of each key', () => {
    const [old, young] = [record({ sid: 'old', sessionAt: 1, subject: 'o', tokens: { '|': token(9), 'x|': token(1) } }), record({ sid: 'young', sessionAt: 2, subject: 'y', tokens: { '|': token(1) } })];
    for (const merged of [mergeRecords(old, young), mergeRecords(young, old)]) expect(merged).toMatchObject({ sid: 'young', sessionAt: 2, subject: 'y', tokens: young.tokens });
    const one = record({ sid: 's', sessionAt: 1, tokens: { '|': token(9), 'x|': token(1) } });
    const other = record({ sid: 's', sessionAt: 1, tokens: { '|': token(8), 'x|': token(2) } });
    for (const merged of [mergeRecords(one, other), mergeRecords(other, one)]) expect(merged.tokens).toEqual({ '|': token(9), 'x|': token(2) });
  });

  it('neither list grows beyond what a record may hold, and nothing stands in one twice', () => {
    const closed = (...sids: number[]) => sids.map((sid) => ({ sid: `s${sid}`, at: 1, reason: 'signed_out' }));
    const merged = mergeRecords(record({ winners: ids('a', 'b', 'c'), closed: closed(1, 2, 3, 4, 5) }), record({ winners: ids('c', 'd', 'e', 'f'), closed: closed(5, 6, 7, 8, 9) }));
    expect(merged.winners).toEqual(ids('a', 'b', 'c', 'd', 'e').slice(0, MAX_WINNERS));
    expect(merged.closed).toEqual(closed(2, 3, 4, 5, 6, 7, 8, 9));
  });
});

describe('the end of a session in the record', () => {
  const active = record({ sid: 's', sessionAt: 1, hint: true, tokens: { '|': token(1) }, cooldown: { at: 0, for: 9, failures: 1, soft: false }, settle: { at: 0, for: 9 } });

  it('takes what was its own', () => {
    expect(closeSession(active, 's', 'revoked', 7)).toEqual({ ...active, closed: [{ sid: 's', at: 7, reason: 'revoked' }], hint: false, tokens: {}, cooldown: undefined, settle: undefined });
  });

  it('of another one takes nothing of this one, and is remembered once, with its first reason', () => {
    const other = closeSession(active, 'other', 'revoked', 7);
    expect(other).toEqual({ ...active, closed: [{ sid: 'other', at: 7, reason: 'revoked' }] });
    expect(closeSession(other, 'other', 'signed_out', 8).closed).toEqual(other.closed);
  });
});

describe('a sign-out that the endpoint is to hear of', () => {
  it('is asked for again with another scope, and is pushed aside by the later session’s only', () => {
    const asked = askLogout(record({ sid: 's', sessionAt: 1 }), 's', 'device');
    expect(askLogout(asked, 's', 'all').logout).toEqual({ sid: 's', scope: 'all' });
    expect(askLogout(asked, 'older', 'device').logout).toEqual({ sid: 's', scope: 'device' });
    expect(askLogout({ ...asked, sid: 'later' }, 'later', 'device').logout).toEqual({ sid: 'later', scope: 'device' });
  });
});

describe('attempt ids', () => {
  const [a, b] = ids('a', 'b') as [string, string];

  it('the pending one wins once, newest first, and no more of them than a request may show', () => {
    const full = record({ attempt: a, winners: ids('c', 'd', 'e', 'f', 'g') });
    expect(settleAttempt(full, a)).toEqual({ ...full, attempt: undefined, winners: ids('a', 'c', 'd', 'e', 'f') });
    expect(settleAttempt(full, b)).toBe(full);
    expect(settleAttempt(full, undefined)).toBe(full);
    expect(settleAttempt(record({ winners: [b] }), undefined).winners).toEqual([b]);
  });

  it('one is prepared only where none is pending and none is prepared', () => {
    expect(prepareAttempt(record(), a).next).toBe(a);
    for (const taken of [record({ attempt: b }), record({ next: b })]) expect(prepareAttempt(taken, a)).toBe(taken);
  });
});

describe('the hold', () => {
  const mine = takeHold(record({ hold: { by: 'other', seq: 4, at: 0, for: 9 } }), 'me', 100, 10_000);

  it('is the holder’s by name and number, and dated from when it was taken', () => {
    expect(mine.hold).toEqual({ by: 'me', seq: 5, at: 100, for: 10_000 });
    expect([holds(mine, 'me', 5), holds(mine, 'me', 4), holds(mine, 'other', 5)]).toEqual([true, false, false]);
  });

  it('is given back by who has it, to nobody or to the orphan that was not waited for', () => {
    expect(releaseHold(mine, 'me', 5).hold).toEqual({ ...mine.hold, by: '' });
    expect(releaseHold(mine, 'me', 5, { by: 'dead', seq: 4, at: 0, for: 9 }).hold).toEqual({ by: 'dead', seq: 6, at: 0, for: 9 });
    expect(releaseHold(mine, 'me', 4)).toBe(mine);
    expect(releaseHold(mine, 'other', 5)).toBe(mine);
  });
});
