/** The Lua of the Redis store against the functions it mirrors, on generated families, on a real Redis. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FamilyRecord, NEVER, newFamily } from '../../families/family.js';
import { commitUpstream, forgetTokens, mintFor, presentFamily } from '../../families/present.js';
import { TOKENS_KEPT } from '../../families/tokens.js';
import { WINNERS_KEPT } from '../../rotation.js';
import type { Store, StorePresentation, TokenAsk, UpstreamCommit } from '../../store.js';
import { redisClients } from '../../testing/redis-clients.js';
import { type RedisServer, startRedis } from '../../testing/redis-server.js';
import { redisStore } from '../redis.js';

const C = 20_000;
const M = 35_000;
const LIFETIME = 900_000;

let server: RedisServer;
let store: Store;
let close: () => void;
beforeAll(async () => {
  server = await startRedis();
  const opened = await redisClients.ioredis(server.port);
  store = redisStore({ client: opened.client, deadlineMs: 10_000 });
  close = opened.close;
});
afterAll(async () => {
  await store.close();
  close();
  await server.close();
});

/** Just before, at and just after a limit: Redis's own time passes between the writing and the asking. */
const around = (...limits: number[]) =>
  fc.oneof(...limits.map((limit) => fc.integer({ min: limit - 3, max: limit + 3 })), fc.integer({ min: -1_000, max: 3 * LIFETIME }));

const ids = fc.constantFrom('w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'x', '');
const mostly = <T, U>(usual: T, other: fc.Arbitrary<U>) => fc.oneof({ weight: 7, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const keys = fc.constantFrom(...Array<string>(8).fill('k'), 'k2', '3', ...Array.from({ length: TOKENS_KEPT }, (_, i) => `other-${i}`));
const lifetimes = fc.constantFrom(LIFETIME, 60_000, 1_001);

/** Times are ages before the store's present. */
const tokens = fc.dictionary(
  keys,
  fc.record({
    gen: fc.integer({ min: 0, max: 30 }),
    age: around(0, LIFETIME, LIFETIME / 2, 5_000),
    lifetime: lifetimes,
    sealed: fc.option(fc.constantFrom('sealed', '', 'ü✓')),
  }),
  { maxKeys: TOKENS_KEPT },
);
const families = fc.record({
  rot: mostly(5, fc.integer({ min: 0, max: 9 })),
  winners: fc.uniqueArray(ids, { maxLength: WINNERS_KEPT }),
  rotatedAge: around(0, C, M, LIFETIME),
  healedAge: fc.option(around(M)),
  ended: mostly(undefined, fc.constantFrom('revoked', 'signed_out', null)),
  idleLeft: mostly(1e9, around(0)),
  absoluteLeft: fc.constantFrom(2e9, 30_000, NEVER),
  idleMs: fc.constantFrom(14 * 86_400_000, 1_000, NEVER),
  gen: fc.integer({ min: 0, max: 40 }),
  dueLeft: fc.option(fc.constant(5_000)),
  watchedLeft: fc.option(around(0)),
  upstream: fc.option(fc.record({ ver: fc.integer({ min: 1, max: 3 }), sealed: fc.string(), pending: fc.boolean() })),
  tokens,
});
type Shape = typeof families extends fc.Arbitrary<infer T> ? T : never;

const asks: fc.Arbitrary<TokenAsk> = fc.record({
  key: keys,
  have: fc.option(fc.integer({ min: 0, max: 31 })),
  minTtlMs: fc.constantFrom(0, 10_000, LIFETIME / 2, LIFETIME),
  fresh: fc.boolean(),
  mintGapMs: fc.constantFrom(5_000, 0, 250.5),
  lifetimeMs: fc.option(lifetimes),
});
const presentations: fc.Arbitrary<StorePresentation> = fc.record({
  // Against a family whose rotation is 0 to 9, most of all 5.
  rot: fc.constantFrom(5, 5, 5, 4, 4, 3, 2, 0, 6, 7, 11),
  ids: fc.tuple(ids, fc.array(ids, { maxLength: 7 })).map(([attempt, winners]): StorePresentation['ids'] => [attempt, ...winners]),
  reason: fc.constantFrom('startup', 'expiring', 'unauthorized', 'force', 'settle'),
  raceMs: fc.constantFrom(C, 0),
  floorMs: fc.constantFrom(M, 0),
  token: asks,
});

let serial = 0;
async function written(shape: Shape): Promise<FamilyRecord> {
  const at = await store.now();
  serial += 1;
  const record: FamilyRecord = {
    ...newFamily({
      id: `family-${serial}`,
      sid: 'sid',
      client: 'web',
      credential: 'cookie',
      origin: 'https://app.example',
      sub: 'ada',
      claims: { nested: [1.5, {}, [], null, 9_007_199_254_740_991] },
      scopes: [],
      label: null,
      parent: null,
      salt: 's',
      indexes: [],
      createdAt: at,
      absoluteExpiry: shape.absoluteLeft === NEVER ? NEVER : at + shape.absoluteLeft,
      idleMs: shape.idleMs,
    }),
    rot: shape.rot,
    winners: shape.winners,
    rotatedAt: at - shape.rotatedAge,
    healedAt: shape.healedAge === null ? null : at - shape.healedAge,
    idleExpiry: at + shape.idleLeft,
    gen: shape.gen,
    dueAt: shape.dueLeft === null ? null : at + shape.dueLeft,
    watchedUntil: shape.watchedLeft === null ? null : at + shape.watchedLeft,
    upstream: shape.upstream && {
      ver: shape.upstream.ver,
      sealed: shape.upstream.sealed,
      expiresAt: null,
      pending: shape.upstream.pending ? { node: 'n', at } : null,
    },
    tokens: Object.fromEntries(
      Object.entries(shape.tokens).map(([key, { gen, age, lifetime, sealed }]) => [
        key,
        { gen, issuedAt: at - age, expiresAt: at - age + lifetime, sealed },
      ]),
    ),
    ...(shape.ended === undefined ? {} : { state: 'ended' as const, endedReason: shape.ended, endedAt: at }),
  };
  await store.create(record);
  return record;
}

function kinds() {
  const seen = new Map<string, number>();
  return {
    note: (kind: string) => void seen.set(kind, (seen.get(kind) ?? 0) + 1),
    /** A generator that never reaches a rule would prove nothing about it. */
    expectAll(...wanted: string[]) {
      for (const kind of wanted) expect(seen.get(kind) ?? 0, `${kind} was never reached`).toBeGreaterThan(10);
    },
  };
}

describe('the Lua decides as the functions do', { timeout: 120_000 }, () => {
  async function comparePresent(shape: Shape, presentation: StorePresentation, reached: ReturnType<typeof kinds>): Promise<void> {
    const record = await written(shape);
    const answer = await store.present(record.id, presentation);
    const expected = presentFamily(record, presentation, answer.now);
    expect(answer).toEqual(expected.answer);
    expect(await store.read(record.id)).toEqual(expected.family);
    if (answer.kind === 'accepted') {
      reached.note(answer.outcome);
      reached.note(answer.token.kind);
    } else if (answer.kind === 'reuse') reached.note(answer.which);
    else if (answer.kind === 'spent') reached.note(answer.sendCookie ? 'spent behind' : 'spent');
    else if (answer.kind === 'ended') reached.note(answer.reason);
  }

  test('present, over 5,000 families', async () => {
    const reached = kinds();
    await fc.assert(
      fc.asyncProperty(families, presentations, (shape, presentation) => comparePresent(shape, presentation, reached)),
      { numRuns: 5_000, seed: 42 },
    );
    reached.expectAll('rotated', 'replayed', 'raced', 'coalesced', 'cached', 'healed', 'previous', 'older', 'spent', 'spent behind');
    reached.expectAll('idle', 'revoked', 'signed_out', 'served', 'minted', 'needed', 'limited');
  });

  test('present at a reload, when a cached token may do, over 2,000 families', async () => {
    const reached = kinds();
    const held = fc.record({ gen: fc.constant(3), age: around(0, (LIFETIME * 3) / 4), lifetime: fc.constant(LIFETIME), sealed: fc.constant(null) });
    const reloads = fc.tuple(families, presentations, around(LIFETIME), held).map(([shape, presentation, rotatedAge, token]) => ({
      shape: { ...shape, rotatedAge, ended: undefined, idleLeft: 1e9, tokens: { k: token } },
      presentation: { ...presentation, reason: 'startup' as const, rot: shape.rot, token: { ...presentation.token, key: 'k' } },
    }));
    await fc.assert(
      fc.asyncProperty(reloads, ({ shape, presentation }) => comparePresent(shape, presentation, reached)),
      { numRuns: 2_000, seed: 46 },
    );
    reached.expectAll('cached', 'coalesced', 'rotated');
  });

  test('mint, over 1,500 families', async () => {
    const reached = kinds();
    await fc.assert(
      fc.asyncProperty(families, asks, async (shape, ask) => {
        const record = await written(shape);
        const answer = await store.mint(record.id, ask);
        const expected = mintFor(record, ask, answer.now);
        expect(answer).toEqual(expected.answer);
        expect(await store.read(record.id)).toEqual(expected.family);
        reached.note(answer.kind === 'active' ? answer.token.kind : answer.kind);
      }),
      { numRuns: 1_500, seed: 43 },
    );
    reached.expectAll('served', 'minted', 'needed', 'limited', 'ended');
  });

  test('commit, over 1,500 families', async () => {
    const commits: fc.Arbitrary<UpstreamCommit> = fc.record({
      ver: fc.integer({ min: 1, max: 3 }),
      sealed: fc.string(),
      expiresAt: fc.option(fc.constant(1_800_000_000_000)),
      dueAt: fc.option(fc.constant(1_800_000_000_000)),
      token: fc.option(fc.record({ key: keys, lifetimeMs: lifetimes, sealed: fc.string() })),
    });
    const reached = kinds();
    await fc.assert(
      fc.asyncProperty(families, commits, async (shape, commit) => {
        const record = await written(shape);
        const answer = await store.commit(record.id, commit);
        const expected = commitUpstream(record, commit, answer.now);
        expect(answer).toEqual(expected.answer);
        expect(await store.read(record.id)).toEqual(expected.family);
        reached.note(answer.kind);
      }),
      { numRuns: 1_500, seed: 44 },
    );
    reached.expectAll('committed', 'conflict', 'ended');
  });

  test('forget, over 300 families', async () => {
    await fc.assert(
      fc.asyncProperty(families, fc.integer({ min: 0, max: 30 }), async (shape, gen) => {
        const record = await written(shape);
        await store.forget(record.id, gen);
        expect(await store.read(record.id)).toEqual(forgetTokens(record, gen));
      }),
      { numRuns: 300, seed: 45 },
    );
  });
});
