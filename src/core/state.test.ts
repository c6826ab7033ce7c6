import { describe, expect, it } from 'vitest';
import type { Grant } from './grant.js';
import { initial, reduce, type State } from './state.js';

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
  });
});
