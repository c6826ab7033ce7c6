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
});

describe('what a refused request costs the others', () => {
  it('a cooldown for every key when it was the ordinary token, none when it was a scope or a resource', () => {
    const record = held();
    const fault: Verdict = { is: 'fault', code: 'endpoint_error', note: 'no' };
    expect(commit(record, fault, sentFor(record))[0].cooldown).toMatchObject({ failures: 1 });
    expect(commit(record, fault, { ...sentFor(record), key: 'admin|' })[0].cooldown).toBeUndefined();
  });
});
