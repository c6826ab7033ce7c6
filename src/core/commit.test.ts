import { describe, expect, it } from 'vitest';
import { commit, type Sent } from './commit.js';
import { closeSession, emptyRecord, takeHold } from './record-moves.js';
import type { LedgerRecord } from './record.js';
import type { Verdict } from './verdict.js';

const signedIn: LedgerRecord = { ...emptyRecord('i'), sid: 'old', sessionAt: 10, level: 'full', tokens: { '|': { generation: 4, at: 0, for: 60_000 } } };
const held = (record: LedgerRecord = signedIn): LedgerRecord => takeHold(record, 'me', 1_000, 10_000);
const sentFor = (record: LedgerRecord): Sent => ({
  me: 'me',
  seq: record.hold.seq,
  key: '|',
  reason: 'expiring',
  sid: record.sid,
  from: 4,
  monotonic: 0,
  wall: 1_000,
  duration: 50,
  now: 1_050,
  localSid: 'local',
  random: 0,
});
const grant = (sid: string, sessionAt: number, generation = 5): Verdict => ({
  is: 'grant',
  level: 'full',
  answer: { token: 't', lifetime: 60_000, remaining: 60_000, sid, sessionAt, generation, outcome: 'rotated' },
});
const ended = (sid?: string): Verdict => ({ is: 'ended', sid, reason: 'revoked' });

describe('an answer, when the ledger has moved on', () => {
  it('of a session that was closed is not taken: the endpoint has to hear of the sign-out again', () => {
    // The hold is still ours: the sign-out came from where the ledger was lost and found again.
    const record = held(closeSession(signedIn, 'old', 'signed_out', 900));
    const [next, result] = commit(record, grant('old', 10), sentFor(record));
    expect(result).toEqual({ is: 'logout' });
    expect(next.logout).toEqual({ sid: 'old', scope: 'device' });
    expect(next.tokens).toEqual(record.tokens);
  });

  it('to a hold that somebody else took changes nothing but the settled attempt', () => {
    const record = { ...held(), attempt: 'a'.repeat(22) };
    const overtaken = takeHold(record, 'other', 1_040, 10_000);
    const [next, result] = commit(overtaken, { ...grant('old', 10), settled: 'a'.repeat(22) }, sentFor(record));
    expect(result).toEqual({ is: 'stale' });
    expect(next).toEqual({ ...overtaken, attempt: undefined, winners: ['a'.repeat(22)] });
  });

  it('that settles an id comes from a full endpoint, even when it grants nothing', () => {
    const record = { ...held({ ...signedIn, level: undefined }), attempt: 'a'.repeat(22) };
    const [next, result] = commit(record, { is: 'spent', settled: 'a'.repeat(22) }, sentFor(record));
    expect(result).toEqual({ is: 'again' });
    expect(next).toMatchObject({ level: 'full', winners: ['a'.repeat(22)] });
  });

  it('ended, sent for the session before this one, ends nothing', () => {
    const record = held({ ...signedIn, sid: 'new', sessionAt: 20 });
    for (const verdict of [ended('old'), ended()]) {
      const [next, result] = commit(record, verdict, { ...sentFor(record), sid: 'old' });
      expect(result).toEqual({ is: 'stale' });
      expect(next.closed).toEqual([]);
    }
  });

  it('ended of another login’s session closes that one, and says only that nobody was presented', () => {
    const record = held({ ...signedIn, sid: 'new', sessionAt: 20 });
    const [next, result] = commit(record, ended('old'), sentFor(record));
    expect(result).toEqual({ is: 'nobody' });
    expect(next.closed.map(({ sid }) => sid)).toEqual(['old']);
    expect(next.tokens).toEqual(record.tokens);
  });

  it('of an older login than the ledger’s is not taken', () => {
    const record = held({ ...signedIn, sid: 'new', sessionAt: 20 });
    expect(commit(record, grant('old', 10), sentFor(record))[1]).toEqual({ is: 'older' });
    expect(commit(record, grant('newer', 30), sentFor(record))[1]).toMatchObject({ is: 'granted', startedAnew: true });
  });

  it('is the logout said again: a grant to a hold that the sign-out took away, of the session it was sent for', () => {
    const sent = sentFor(held());
    const over = { ...closeSession(held(), 'old', 'signed_out', 900), hold: { by: '', seq: 9, at: 0, for: 0 } };
    expect(commit(over, grant('old', 10), sent)).toMatchObject([{ logout: { sid: 'old', scope: 'device' } }, { is: 'stale' }]);
    const others: [LedgerRecord, Verdict][] = [[over, { is: 'none' }], [{ ...over, closed: [] }, grant('old', 10)], [{ ...over, sid: 'new' }, grant('old', 10)]];
    for (const [record, verdict] of others)
      expect(commit(record, verdict, sent)[0].logout).toBeUndefined();
  });
});

describe('a grant in the ledger', () => {
  const answer = (over: object = {}): Verdict => ({ is: 'grant', level: 'plain', answer: { token: 't', lifetime: 60_000, remaining: 50_000, ...over } });
  const plain: LedgerRecord = { ...signedIn, level: 'plain', tokens: { '|': { generation: 4, at: 0, for: 1 }, 'x|': { generation: 7, at: 0, for: 1 } }, cooldown: { at: 0, for: 9, failures: 3, soft: true }, durations: [1, 2, 3, 4, 5, 6, 7, 8] };

  it('counts where the backend does not, ends the cooldown, gives the hold back, and keeps what belongs to other keys', () => {
    const record = held(plain);
    const [next, result] = commit(record, answer(), sentFor(record));
    expect(next).toEqual({
      ...record,
      hold: { ...record.hold, by: '' },
      subject: undefined,
      tokens: { ...plain.tokens, '|': { generation: 5, at: 1_000, for: 50_000 } },
      durations: [50, 1, 2, 3, 4, 5, 6, 7],
      cooldown: undefined,
      hint: true,
    });
    expect(result).toMatchObject({ is: 'granted', startedAnew: false, grant: { sid: 'old', sessionAt: 10, generation: 5, remaining: 50_000, monotonic: 0, wall: 1_000 } });
  });

  it('counts on from the token that was to be got past, when the ledger knows of none', () => {
    const record = held({ ...plain, tokens: {} });
    expect(commit(record, answer(), { ...sentFor(record), from: 6 })[1]).toMatchObject({ grant: { generation: 7 } });
  });

  it('of another session begins anew: its own time, its own tokens, its own subject', () => {
    const record = held({ ...plain, level: 'fenced', subject: 'f00d' });
    const [next, result] = commit(record, answer({ sid: 'new', sessionAt: 5, generation: 1 }), sentFor(record));
    expect(next).toMatchObject({ sid: 'new', sessionAt: 5, subject: undefined, tokens: { '|': { generation: 1 } } });
    expect(Object.keys(next.tokens)).toEqual(['|']);
    expect(result).toMatchObject({ is: 'granted', startedAnew: true });
  });

  it('leaves a mark of its subject, never the name', () => {
    const record = held(plain);
    const marked = (sub: string) => commit(record, answer({ sub }), sentFor(record))[0].subject;
    expect([marked('ann'), marked('ann') === marked('ben')]).toEqual([expect.stringMatching(/^[0-9a-z]{1,7}$/), false]);
  });

  it('of this session never takes it back in time', () => {
    const record = held({ ...plain, level: 'fenced' });
    expect(commit(record, answer({ sid: 'old', sessionAt: 5, generation: 5 }), sentFor(record))[0].sessionAt).toBe(10);
  });

  it('whose life is not known is remembered without one', () => {
    const record = held(plain);
    expect(commit(record, answer({ lifetime: 0, remaining: 0 }), sentFor(record))[0].tokens['|']).toEqual({ generation: 5, at: 1_000, for: 0 });
  });

  it('says when to settle: an answer that asks for it, until one rotates', () => {
    const record = held();
    const raced = commit(record, answer({ sid: 'old', sessionAt: 10, generation: 5, outcome: 'raced', settleAfter: 35_000 }), sentFor(record))[0];
    expect(raced.settle).toEqual({ at: 1_050, for: 35_000 });
    const again = held(raced);
    const next = (outcome: string) => commit(again, answer({ sid: 'old', sessionAt: 10, generation: 6, outcome }), sentFor(again))[0].settle;
    expect(['cached', 'coalesced', 'rotated', 'replayed'].map(next)).toEqual([raced.settle, raced.settle, undefined, undefined]);
  });

  it('for a token that an API rejected is remembered as such', () => {
    const record = held();
    expect(commit(record, grant('old', 10), { ...sentFor(record), reason: 'unauthorized' })[0].rejected).toEqual({ sid: 'old', key: '|', generation: 5, at: 1_050 });
    expect(commit(record, grant('old', 10), sentFor(record))[0].rejected).toBeUndefined();
  });
});

describe('nobody', () => {
  it('is signed in where a backend without names turns a visitor away, or one whose session is over', () => {
    for (const record of [held({ ...signedIn, sid: undefined }), held(closeSession(signedIn, 'old', 'revoked', 1))]) expect(commit(record, ended(), sentFor(record))[1]).toEqual({ is: 'nobody' });
    const record = held();
    expect(commit(record, ended(), sentFor(record))).toMatchObject([{ closed: [{ sid: 'old', reason: 'revoked', at: 1_050 }], hold: { by: '' } }, { is: 'ended', sid: 'old', reason: 'revoked' }]);
  });
});

describe('what a refused request costs the others', () => {
  it('a cooldown for every key when it was the ordinary token, none when it was a scope or a resource', () => {
    const record = held();
    const fault: Verdict = { is: 'fault', code: 'endpoint_error', note: 'no' };
    expect(commit(record, fault, sentFor(record))[0].cooldown).toMatchObject({ failures: 1 });
    expect(commit(record, fault, { ...sentFor(record), key: 'admin|' })[0].cooldown).toBeUndefined();
    expect(commit(record, { is: 'transient', note: 'rest' }, { ...sentFor(record), key: 'admin|' })[0].cooldown).toMatchObject({ failures: 1 });
  });
});
