import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MIN_ROTATION_MS, RACE_MS } from '../contract/wire.js';
import type { RefreshReason } from '../contract/wire.js';
import { present, WINNERS_KEPT, type Presentation, type RotationLimits, type RotationState } from './rotation.js';

const DAY = 86_400_000;
const C = RACE_MS;
const M = MIN_ROTATION_MS;
const LIFETIME = 900_000;
const limits: RotationLimits = { raceMs: C, floorMs: M, idleMs: 14 * DAY };

const family: RotationState = {
  rot: 9,
  winners: ['w9', 'w8', 'w7', 'w6', 'w5', 'w4'],
  rotatedAt: 1_000_000,
  healedAt: null,
  state: 'active',
  endedReason: null,
  absoluteExpiry: 90 * DAY,
  idleExpiry: 1_000_000 + 14 * DAY,
};

/** A presentation `after` milliseconds past the family's last rotation. */
function show(rot: number, after: number, ids: [string, ...string[]] = ['fresh'], more: Partial<Presentation> = {}): Presentation {
  return { rot, reason: 'expiring', ids, now: family.rotatedAt + after, cached: null, minTtlMs: 10_000, ...more };
}
const decide = (presentation: Presentation, of = family) => present(of, presentation, limits);
const fullToken = { lifetimeMs: LIFETIME, remainingMs: LIFETIME };

describe('rule 1: a family that is over', () => {
  it('answers with the reason it ended for, whatever is presented', () => {
    const ended = { ...family, state: 'ended', endedReason: 'signed_out' } as const;
    for (const rot of [3, 5, 9]) {
      expect(decide(show(rot, 0, ['w9']), ended)).toEqual({ decision: 'dead', next: ended, sendCookie: false, settled: null, reason: 'signed_out' });
    }
  });
  it('is expired at its absolute expiry and not a millisecond before', () => {
    const old = { ...family, idleExpiry: 95 * DAY };
    expect(decide(show(9, 0, ['x'], { now: old.absoluteExpiry - 1 }), old).decision).toBe('rotated');
    expect(decide(show(9, 0, ['x'], { now: old.absoluteExpiry }), old)).toMatchObject({ decision: 'dead', reason: 'expired', next: old });
  });
  it('is idle at its idle expiry and not a millisecond before', () => {
    expect(decide(show(9, 0, ['x'], { now: family.idleExpiry - 1 })).decision).toBe('rotated');
    expect(decide(show(9, 0, ['x'], { now: family.idleExpiry }))).toMatchObject({ decision: 'dead', reason: 'idle' });
  });
});

describe('rule 2: the newest cookie', () => {
  it('rotates once M has passed, exactly M included', () => {
    expect(decide(show(9, M - 1)).decision).toBe('coalesced');
    expect(decide(show(9, M))).toEqual({
      decision: 'rotated',
      sendCookie: true,
      settled: 'fresh',
      reason: null,
      next: {
        ...family,
        rot: 10,
        winners: ['fresh', 'w9', 'w8', 'w7', 'w6', 'w5'],
        rotatedAt: family.rotatedAt + M,
        idleExpiry: family.rotatedAt + M + limits.idleMs,
      },
    });
  });
  it('never slides the idle expiry past the absolute one', () => {
    const late = { ...family, idleExpiry: 90 * DAY };
    expect(decide(show(9, 0, ['x'], { now: 89 * DAY }), late).next.idleExpiry).toBe(late.absoluteExpiry);
  });
  it('writes nothing for a coalesced answer', () => {
    expect(decide(show(9, 0)).next).toBe(family);
  });
  it('lets an id win once: a stored winner is spent, whichever of the six it is', () => {
    for (const id of family.winners) {
      const verdict = decide(show(9, M, [id as string, 'w9']));
      expect(verdict).toEqual({ decision: 'spent', next: family, sendCookie: false, settled: id, reason: null });
      expect(verdict.next).toBe(family);
    }
  });
  it('prefers coalesced to spent inside M: a token is worth more than a settled id', () => {
    expect(decide(show(9, M - 1, ['w9'])).decision).toBe('coalesced');
  });
  it('has no replay for the same attempt id: a copied profile must rotate to live', () => {
    for (const after of [0, M, 60 * LIFETIME]) expect(decide(show(9, after, ['w9'])).decision).not.toBe('replayed');
  });
  it('looks only at the attempt, never at the winners shown beside it', () => {
    expect(decide(show(9, M, ['fresh', 'w9', 'w8'])).decision).toBe('rotated');
  });

  describe('cached', () => {
    const startup = (after: number, cached: Presentation['cached'], minTtlMs = 10_000) =>
      decide(show(9, after, ['fresh'], { reason: 'startup', cached, minTtlMs })).decision;
    it('answers a startup from the cache, without a rotation or a write', () => {
      expect(startup(M, fullToken)).toBe('cached');
      expect(decide(show(9, M, ['fresh'], { reason: 'startup', cached: fullToken })).next).toBe(family);
    });
    it('comes before coalesced', () => {
      expect(startup(0, fullToken)).toBe('cached');
    });
    it('needs a quarter of the life left, exactly a quarter included', () => {
      expect(startup(M, { lifetimeMs: LIFETIME, remainingMs: LIFETIME / 4 })).toBe('cached');
      expect(startup(M, { lifetimeMs: LIFETIME, remainingMs: LIFETIME / 4 - 1 })).toBe('rotated');
    });
    it('needs min_ttl left when that is more', () => {
      expect(startup(M, { lifetimeMs: LIFETIME, remainingMs: 400_000 }, 400_000)).toBe('cached');
      expect(startup(M, { lifetimeMs: LIFETIME, remainingMs: 400_000 }, 400_001)).toBe('rotated');
    });
    it('ends one lifetime after the rotation, however fresh the token: nobody lives on startup', () => {
      expect(startup(LIFETIME - 1, fullToken)).toBe('cached');
      expect(startup(LIFETIME, fullToken)).toBe('rotated');
    });
    it('is for startup alone', () => {
      for (const reason of ['expiring', 'unauthorized', 'force', 'settle'] satisfies RefreshReason[]) {
        expect(decide(show(9, M, ['fresh'], { reason, cached: fullToken })).decision).toBe('rotated');
      }
    });
    it('is for the newest cookie alone', () => {
      expect(decide(show(8, 0, ['fresh'], { reason: 'startup', cached: fullToken })).decision).toBe('raced');
    });
  });
});

describe('rule 3: an older cookie', () => {
  it('is replayed with its winner, and moves no clock of the rotation', () => {
    for (const after of [0, C, C + 1, M - 1]) {
      const verdict = decide(show(8, after, ['w9', 'w8']));
      expect(verdict).toMatchObject({ decision: 'replayed', sendCookie: true, settled: 'w9' });
      expect(verdict.next).toEqual({ ...family, idleExpiry: family.rotatedAt + after + limits.idleMs });
    }
  });
  it('gets the cookie again however late, but from exactly M on no token: to live, one has to rotate', () => {
    for (const after of [M, 10 * DAY]) {
      const verdict = decide(show(8, after, ['w9', 'w8']));
      expect(verdict).toMatchObject({ decision: 'spent', sendCookie: true, settled: 'w9', reason: null });
      expect(verdict.next).toEqual({ ...family, idleExpiry: family.rotatedAt + after + limits.idleMs });
      expect(decide(show(9, after, ['fresh', 'w9']), verdict.next).decision).toBe('rotated');
    }
  });
  it('is replayed with the winner anywhere among the ids, which then settles that winner', () => {
    expect(decide(show(8, M - 1, ['fresh', 'w9']))).toMatchObject({ decision: 'replayed', settled: 'w9' });
  });
  it('settles the attempt that was presented when that one won an earlier step of the chain', () => {
    expect(decide(show(7, M - 1, ['w8', 'w9']))).toMatchObject({ decision: 'replayed', settled: 'w8' });
  });
  it('is replayed over the whole chain of six when every winner since is shown', () => {
    expect(decide(show(3, M - 1, ['w9', 'w8', 'w7', 'w6', 'w5', 'w4'])).decision).toBe('replayed');
    expect(decide(show(7, M - 1, ['fresh', 'w9', 'w8'])).decision).toBe('replayed');
  });
  it.each([
    ['the last winner missing', 7, ['fresh', 'w8']],
    ['a winner in the middle missing', 6, ['fresh', 'w9', 'w7']],
    ['the first winner missing', 6, ['fresh', 'w9', 'w8']],
    ['only older winners shown', 8, ['fresh', 'w8', 'w7']],
    ['seven rotations behind: a winner is forgotten', 2, ['w9', 'w8', 'w7', 'w6', 'w5', 'w4', 'w3']],
  ] as const)('is reuse later than C with %s', (_, rot, ids) => {
    expect(decide(show(rot, C + 1, [...ids])).decision).toBe('reuse');
  });
  it('is raced within C without its winner, exactly C included', () => {
    expect(decide(show(8, C))).toEqual({ decision: 'raced', next: family, sendCookie: false, settled: null, reason: null });
    expect(decide(show(8, C + 1)).decision).toBe('reuse');
  });
  it('is raced within C further back only with the chain before the last rotation', () => {
    expect(decide(show(7, C, ['fresh', 'w8'])).decision).toBe('raced');
    expect(decide(show(7, C, ['fresh', 'w7'])).decision).toBe('reuse');
    expect(decide(show(6, C, ['fresh', 'w8', 'w7'])).decision).toBe('raced');
    expect(decide(show(6, C, ['fresh', 'w8'])).decision).toBe('reuse');
    expect(decide(show(2, C, ['w8', 'w7', 'w6', 'w5', 'w4', 'w3'])).decision).toBe('reuse');
  });
  it('never takes a forgotten winner for a presented one', () => {
    const short = { ...family, winners: ['w9'] };
    expect(decide(show(7, C + 1, ['fresh', 'w9']), short).decision).toBe('reuse');
    expect(decide(show(8, C + 1, ['w9']), short).decision).toBe('replayed');
    expect(decide(show(8, C + 1, ['']), { ...family, winners: [] }).decision).toBe('reuse');
  });
});

describe('rule 4: reuse', () => {
  it('ends this family, and later presentations hear why', () => {
    const verdict = decide(show(8, C + 1));
    expect(verdict).toEqual({
      decision: 'reuse',
      next: { ...family, state: 'ended', endedReason: 'reuse_detected' },
      sendCookie: false,
      settled: null,
      reason: 'reuse_detected',
    });
    expect(decide(show(9, M), verdict.next)).toMatchObject({ decision: 'dead', reason: 'reuse_detected' });
  });
});

describe('rule 5: a store that rolled back', () => {
  it('moves forward to the presented cookie, with the winners the client remembers', () => {
    const now = family.rotatedAt + 60_000;
    expect(decide(show(11, 60_000, ['fresh', 'w11', 'w10', 'w9']))).toEqual({
      decision: 'healed',
      sendCookie: false,
      settled: null,
      reason: null,
      next: { ...family, rot: 11, winners: ['w11', 'w10', 'w9'], rotatedAt: now, healedAt: now, idleExpiry: now + limits.idleMs },
    });
  });
  it('falls back to the attempt when no winner is shown', () => {
    expect(decide(show(11, 60_000, ['pending'])).next.winners).toEqual(['pending']);
  });
  it('blames nobody until M after healing, then knows reuse again', () => {
    const healed = decide(show(11, 0, ['fresh'])).next;
    expect(decide(show(6, M - 1), healed).decision).toBe('raced');
    expect(decide(show(6, M), healed).decision).toBe('reuse');
  });
  it('stops forgiving at the next rotation', () => {
    const healed = decide(show(11, 0, ['fresh', 'w11'])).next;
    const rotated = decide(show(11, M, ['next', 'w11']), healed).next;
    expect(rotated).toMatchObject({ rot: 12, healedAt: null });
    expect(decide(show(6, M + 1), rotated).decision).toBe('reuse');
  });
  it('replays an older cookie whose winners survived the healing', () => {
    const healed = decide(show(11, 0, ['fresh', 'w11', 'w10'])).next;
    expect(decide(show(10, M - 1, ['fresh', 'w11']), healed).decision).toBe('replayed');
  });
});

describe('for any input', () => {
  const id = fc.constantFrom('w4', 'w5', 'w6', 'w7', 'w8', 'w9', 'x', 'y');
  const world = fc.record({
    rot: fc.integer({ min: 0, max: 16 }),
    reason: fc.constantFrom<RefreshReason>('startup', 'expiring', 'unauthorized', 'force', 'settle'),
    ids: fc.array(id, { minLength: 1, maxLength: 6 }) as fc.Arbitrary<[string, ...string[]]>,
    after: fc.integer({ min: -1000, max: 3 * M }),
    healed: fc.boolean(),
    cached: fc.option(fc.record({ lifetimeMs: fc.constant(LIFETIME), remainingMs: fc.integer({ min: -1, max: LIFETIME }) })),
  });
  it('is deterministic, leaves its input alone, and writes only what its decision says', () => {
    fc.assert(
      fc.property(world, ({ after, healed, ...rest }) => {
        const before = { ...family, healedAt: healed ? family.rotatedAt : null };
        const frozen = structuredClone(before);
        const shown = show(rest.rot, after, rest.ids, rest);
        const verdict = present(before, shown, limits);
        expect(present(structuredClone(before), structuredClone(shown), limits)).toEqual(verdict);
        expect(before).toEqual(frozen);
        expect(verdict.sendCookie || ['healed', 'reuse'].includes(verdict.decision)).toBe(verdict.next !== before);
        if (verdict.decision !== 'spent') expect(verdict.sendCookie).toBe(['rotated', 'replayed'].includes(verdict.decision));
        expect(verdict.next.winners.length).toBeLessThanOrEqual(WINNERS_KEPT);
        expect(verdict.next.rot).toBe(verdict.decision === 'rotated' ? before.rot + 1 : Math.max(before.rot, verdict.decision === 'healed' ? shown.rot : 0));
        if (verdict.settled !== null) expect(rest.ids).toContain(verdict.settled);
        expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict);
      }),
      { numRuns: 2000, seed: 7 },
    );
  });
});
