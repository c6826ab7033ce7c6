import { describe, expect, it } from 'vitest';
import { open, type Quest } from './opening.js';
import { closeSession, emptyRecord, takeHold } from './record-moves.js';

const quest: Quest = { me: 'a', key: '|', reason: 'expiring', now: 1_000, deadline: 10_000, level: 'plain', attempt: 'x'.repeat(22), seq: -1, passed: { generation: -1, orphan: false } };
const signedIn = { ...emptyRecord('i'), sid: 's', sessionAt: 1 };

describe('the first look under the lock', () => {
  it('ends the turn of a context whose hold was taken by somebody else meanwhile', () => {
    const mine = takeHold(signedIn, 'a', 900, 10_000);
    expect(open(mine, { ...quest, seq: mine.hold.seq })[1].go).toBe('send');
    const overtaken = takeHold(mine, 'b', 950, 10_000);
    expect(open(overtaken, { ...quest, seq: mine.hold.seq })).toEqual([overtaken, { go: 'settled' }]);
  });

  it('sends nothing for a session that is over, unless a new login demands it', () => {
    const over = closeSession(signedIn, 's', 'revoked', 950);
    expect(open(over, { ...quest, sid: 's' })).toEqual([over, { go: 'ended' }]);
    expect(open(over, { ...quest, sid: 's', demand: true })[1].go).toBe('send');
  });

  it('lets no refresh out while a sign-out waits to be heard, whoever asks', () => {
    const waiting = { ...signedIn, logout: { sid: 's', scope: 'device' as const } };
    expect(open(waiting, quest)).toEqual([waiting, { go: 'logout', sid: 's', scope: 'device' }]);
    expect(open(waiting, { ...quest, demand: true })[1].go).toBe('logout');
  });

  it('lets the request out before the hold is written where its id is on disk, the endpoint replays, and nobody has sealed the session', () => {
    const next = { ...signedIn, next: 'n'.repeat(22) };
    const early = (record: Parameters<typeof open>[0], level: Quest['level'] = 'full') => open(record, { ...quest, level })[1];
    expect(early(next)).toMatchObject({ early: true, attempt: next.next });
    expect(early({ ...next, attempt: 'p'.repeat(22) })).toMatchObject({ early: true, attempt: 'p'.repeat(22) });
    for (const opening of [early(signedIn), early(next, 'plain'), early(next, 'auto'), early({ ...next, mode: 'sealed' })]) expect(opening).toMatchObject({ go: 'send', early: false });
  });

  it('dates the hold from now, and lets the next wait for what is left of it', () => {
    const [held] = open(signedIn, quest);
    expect(held.hold).toMatchObject({ by: 'a', at: 1_000, for: 10_000 });
    expect(open(held, { ...quest, me: 'b', now: 4_000 })[1]).toMatchObject({ go: 'orphan', wait: 7_000 });
    expect(open(held, { ...quest, me: 'b', now: 4_000, level: 'full' })[1].go).toBe('send');
    expect(open(held, { ...quest, me: 'b', now: 11_001 })[1].go).toBe('send');
  });
});
