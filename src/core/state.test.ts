import { describe, expect, it } from 'vitest';
import type { Grant } from './grant.js';
import { initial, reduce, snapshotOf, type State } from './state.js';

const grant = (sid: string, sessionAt: number, generation: number): Grant => ({ token: `${sid}#${generation}`, sid, sessionAt, generation, key: '|', lifetime: 60_000, remaining: 60_000, monotonic: 0, wall: 0 });
const take = (state: State, ...grants: Grant[]): State => grants.reduce((before, one) => reduce(before, { type: 'granted', grant: one }), state);
const held = (state: State) => state.grants['|']?.token;

describe('which grant replaces which', () => {
  it('a later generation of the same session, never an earlier one or the same', () => {
    const state = take(initial, grant('a', 10, 5));
    expect(held(take(state, grant('a', 10, 6)))).toBe('a#6');
    expect(take(state, grant('a', 10, 4))).toBe(state);
    expect(take(state, grant('a', 10, 5))).toBe(state);
  });

  it('a later session, never an earlier one, whatever its generation', () => {
    const state = take(initial, grant('b', 20, 1));
    expect(held(take(state, grant('c', 30, 1)))).toBe('c#1');
    expect(take(state, grant('a', 10, 99))).toBe(state);
    expect(take(state, grant('a', 20, 99))).toBe(state);
  });

  it('none of a session that is over', () => {
    const over = reduce(take(initial, grant('a', 10, 1)), { type: 'session_ended', sid: 'a', reason: 'revoked' });
    expect(over).toMatchObject({ status: 'ended', grants: {} });
    expect(take(over, grant('a', 10, 2))).toBe(over);
    expect(take(over, grant('b', 20, 1))).toMatchObject({ status: 'active', sid: 'b' });
  });
});

describe('which end ends what', () => {
  it('that of another session is remembered, and ends nothing here', () => {
    const state = take(initial, grant('b', 20, 1));
    const next = reduce(state, { type: 'session_ended', sid: 'a', reason: 'revoked' });
    expect(next).toMatchObject({ status: 'active', sid: 'b', closed: ['a'] });
    expect(reduce(next, { type: 'session_ended', sid: 'a', reason: 'revoked' })).toBe(next);
  });

  it('without a name it is that of the session here, and a second one changes nothing', () => {
    const over = reduce(take(initial, grant('a', 10, 1)), { type: 'session_ended', reason: 'rejected' });
    expect(over).toMatchObject({ status: 'ended', reason: 'rejected', sid: 'a', closed: ['a'] });
    expect(reduce(over, { type: 'session_ended', sid: 'a', reason: 'signed_out' })).toBe(over);
  });

  it('what the ledger tells of many ends this one only if it is among them, with the reason it names', () => {
    const state = take(initial, grant('b', 20, 1));
    const other = reduce(state, { type: 'closed', sessions: [{ sid: 'a', reason: 'revoked' }] });
    expect(other).toEqual({ ...state, closed: ['a'] });
    expect(reduce(other, { type: 'closed', sessions: [{ sid: 'a', reason: 'revoked' }] })).toBe(other);
    const over = reduce(other, { type: 'closed', sessions: [{ sid: 'a', reason: 'revoked' }, { sid: 'b', reason: 'signed_out' }] });
    expect(over).toMatchObject({ status: 'ended', reason: 'signed_out', grants: {}, closed: ['a', 'b'] });
    expect(reduce(over, { type: 'closed', sessions: [{ sid: 'c', reason: 'revoked' }] })).toEqual({ ...over, closed: ['a', 'b', 'c'] });
  });
});

describe('a session that has begun elsewhere', () => {
  const state = { ...take(initial, { ...grant('b', 20, 1), sub: 'ben' }) };

  it('takes the place of an older one at once, and nothing of that stays', () => {
    expect(reduce(state, { type: 'session_started', sid: 'c', sessionAt: 30 })).toEqual({ ...state, status: 'starting', sid: 'c', sub: undefined, sessionAt: 30, grants: {} });
  });

  it('begins anew after the end of this one, and its reason is past', () => {
    const over = reduce(state, { type: 'session_ended', sid: 'b', reason: 'revoked' });
    expect(reduce(over, { type: 'session_started', sid: 'c', sessionAt: 30 })).toMatchObject({ status: 'starting', reason: undefined, sid: 'c', closed: ['b'] });
  });

  it.each([
    ['is this one', 'b', 30],
    ['is older', 'c', 10],
    ['is as old', 'c', 20],
  ])('changes nothing when it %s', (_, sid, sessionAt) => expect(reduce(state, { type: 'session_started', sid, sessionAt })).toBe(state));

  it('changes nothing when it is over already', () => {
    const told = reduce(state, { type: 'session_ended', sid: 'c', reason: 'revoked' });
    expect(reduce(told, { type: 'session_started', sid: 'c', sessionAt: 30 })).toBe(told);
  });
});

describe('a grant', () => {
  it('of this session keeps who it is and the tokens of other keys; of another one keeps neither', () => {
    const state = take(initial, { ...grant('a', 10, 1), sub: 'ann' }, { ...grant('a', 10, 2), key: 'x|' });
    expect(state).toMatchObject({ sub: 'ann', grants: { '|': { generation: 1 }, 'x|': { generation: 2 } } });
    expect(take(state, grant('b', 20, 1))).toMatchObject({ sid: 'b', sub: undefined, sessionAt: 20, grants: { '|': { sid: 'b' } } });
    expect(Object.keys(take(state, grant('b', 20, 1)).grants)).toEqual(['|']);
  });

  it('ends what was wrong with the connection, and the reason of an earlier end', () => {
    const over = reduce(take(initial, grant('a', 10, 1)), { type: 'session_ended', sid: 'a', reason: 'revoked' });
    const stalled = reduce(over, { type: 'connection', connection: 'stalled' });
    expect(take(stalled, grant('b', 20, 1))).toMatchObject({ status: 'active', reason: undefined, connection: 'ok' });
  });
});

it('once sealed no token is left, and what is known of each stays', () => {
  const state = take(initial, grant('a', 10, 1), { ...grant('a', 10, 2), key: 'x|' });
  const sealed = reduce(state, { type: 'sealed' });
  expect(Object.values(sealed.grants)).toEqual(Object.values(state.grants).map((one) => ({ ...one, token: '' })));
  expect(reduce(sealed, { type: 'sealed' })).toBe(sealed);
});

describe('nobody', () => {
  it('is signed in where a session was asked for, unless that has ended', () => {
    const backingOff = reduce(initial, { type: 'activity', activity: 'backingOff', retryAt: 5 });
    expect(reduce(backingOff, { type: 'anonymous' })).toMatchObject({ status: 'anonymous', activity: 'idle', retryAt: undefined });
    const over = reduce(take(initial, grant('a', 10, 1)), { type: 'session_ended', sid: 'a', reason: 'revoked' });
    expect(reduce(over, { type: 'anonymous' })).toBe(over);
  });

  it('is shown, although the last token stays as the floor for what may come', () => {
    const state = reduce(take(initial, { ...grant('a', 10, 5), sub: 'ann' }), { type: 'anonymous' });
    expect(snapshotOf(state)).toMatchObject({ status: 'anonymous', sid: undefined, sub: undefined, generation: 0, expiresAt: undefined });
    expect(take(state, grant('a', 10, 4))).toBe(state);
  });
});

describe('the snapshot', () => {
  it('is the same one while nothing that it shows has changed', () => {
    const state = take(initial, grant('a', 10, 1));
    const shown = snapshotOf(state);
    expect(shown).toMatchObject({ status: 'active', sid: 'a', generation: 1, expiresAt: 60_000 });
    expect(snapshotOf({ ...state, closed: ['x'] }, shown)).toBe(shown);
    expect(snapshotOf(reduce(state, { type: 'connection', connection: 'degraded' }), shown)).not.toBe(shown);
  });

  it('never goes back in leadership: an older epoch is only a role', () => {
    const led = reduce(initial, { type: 'role', role: 'leader', epoch: 4 });
    expect(snapshotOf(reduce(led, { type: 'role', role: 'follower', epoch: 0 }))).toMatchObject({ role: 'follower', leaderEpoch: 4 });
  });
});
