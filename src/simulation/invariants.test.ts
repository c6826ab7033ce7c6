/** The checks that no backend can make fail, because only a broken session would: each on a world made by hand, beside one that is sound. */
import { describe, expect, it } from 'vitest';
import type { Grant } from '../core/grant.js';
import { initial, type State } from '../core/state.js';
import { checkAll, NEWS_MS, Violation } from './invariants.js';
import type { Call } from './tab.js';
import type { World } from './world.js';

const grant = (generation: number): Grant => ({ token: `at.f1.${generation}`, sid: 'a', sessionAt: 1, generation, key: '|', lifetime: 60_000, remaining: 60_000, monotonic: 0, wall: 0 });
const active: State = { ...initial, status: 'active', sid: 'a', sessionAt: 1, grants: { '|': grant(4) } };

interface Setting {
  now: number;
  state?: State;
  /** The last state that was looked at. */
  seen?: State;
  /** The newest grant ever held. */
  newest?: Grant;
  calls?: Call[];
  /** When the session was signed out. */
  signedOut?: number;
  bornAt?: number;
}

/** What breaks in a world of one page. */
const broken = ({ now, state = initial, seen = state, newest, calls = [], signedOut, bornAt = 0 }: Setting): string | undefined => {
  const tab = {
    kind: 'page', calls, seen, bornAt, known: true, missedNews: false, runningSince: 0, heldSince: 0,
    context: { name: 'page-1', state: 'running' },
    core: { state, snapshot: {}, valid: () => true },
    newest: new Map(newest ? [['|', newest]] : []),
  };
  const world = {
    tabs: [tab],
    schedule: { level: 'full' },
    fired: new Map(),
    announced: new Map([['f1', 0]]),
    signedOut: new Map(signedOut === undefined ? [] : [['a', { at: signedOut, by: tab }]]),
    timeTravel: { jumped: false, slept: false },
    live: () => ({ id: 'f1', sub: 'ann' }),
    origin: { now: () => now, serverNow: () => now, ledger: () => ({ peek: () => ({ hint: true }) }) },
    backend: {
      sessions: () => [],
      tokenOf: (token: string) => (/^at\.f1\.\d$/.test(token) ? { session: 'f1', sub: 'ann', order: Number(token.at(-1)), key: '|', at: 0, lifetime: 60_000 } : undefined),
    },
  };
  try {
    checkAll(world as unknown as World, new Map());
    return undefined;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    return `${error.invariant}: ${error.message}`;
  }
};
const waiting: Call = { what: 'getToken', since: 0 };
const answered = (result: string): Call => ({ ...waiting, end: 'answered', result });
const visitor: State = { ...initial, status: 'anonymous' };

describe('a session that breaks an invariant is seen, and one that keeps it is not', () => {
  it.each<[name: string, violation: RegExp, bad: Setting, sound: Setting]>([
    ['an older token after a newer one', /^S2: page-1 went back from a#5 to a#4/, { now: 1, state: active, seen: initial, newest: grant(5) }, { now: 1, state: active, seen: initial, newest: grant(3) }],
    ['a page that takes its user for a visitor', /^S3: page-1 says anonymous, and f1 is signed in/, { now: 9_000, state: visitor, seen: initial, bornAt: NEWS_MS + 1 }, { now: 9_000, state: visitor, seen: initial, bornAt: NEWS_MS }],
    ['a caller that waits for longer than its patience', /^S4: getToken of page-1 has been waiting for 33001 ms/, { now: 33_001, calls: [waiting] }, { now: 33_000, calls: [waiting] }],
    ['a token of a session that was signed out', /^S5: page-1 still holds a token of a/, { now: NEWS_MS + 1, state: active, signedOut: 0 }, { now: NEWS_MS, state: active, signedOut: 0 }],
    ['an answer that no server gave', /^P: getToken of page-1 answered with no token/, { now: 1, calls: [answered('made up')] }, { now: 1, calls: [answered('at.f1.4')] }],
    ['an answer that is over', /^P: getToken of page-1 answered with an expired token/, { now: 60_000, calls: [answered('at.f1.4')] }, { now: 59_999, calls: [answered('at.f1.4')] }],
  ])('%s', (_, violation, bad, sound) => {
    expect(broken(bad)).toMatch(violation);
    expect(broken({ ...sound, calls: sound.calls && [...sound.calls] })).toBeUndefined();
  });
});
