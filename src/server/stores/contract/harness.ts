/** What a store's test file hands over, and what the parts of the contract share. */
import { type FamilyRecord, newFamily } from '../../families/family.js';
import { sidOf } from '../../families/sid.js';
import type { Store, StorePresentation, TokenAsk } from '../../store.js';

/** One store under test. */
export interface StoreHarness {
  store: Store;
  /** A second connection to the same data, as another process would have it. */
  peer: Store;
  /** Resolves when at least that much has passed on the store's clock. */
  advance(ms: number): Promise<void>;
  /** Closes what it opened. */
  close(): Promise<void>;
}

/** Opens an empty store; called before each test. */
export type OpenStore = () => Promise<StoreHarness>;

/** The matchers the contract uses. */
export interface Matchers {
  readonly not: Matchers;
  toBe(expected: unknown): unknown;
  toBeDefined(): unknown;
  toBeUndefined(): unknown;
  toBeNull(): unknown;
  toBeGreaterThan(least: number): unknown;
  toBeGreaterThanOrEqual(least: number): unknown;
  toBeLessThanOrEqual(most: number): unknown;
  toContain(item: unknown): unknown;
  toEqual(expected: unknown): unknown;
  toHaveLength(length: number): unknown;
  toMatchObject(expected: object): unknown;
}

/** What the contract needs of a test runner: those of Vitest and Jest have it. Handed in, so that this package depends on neither. */
export interface TestRunner {
  describe(name: string, run: () => void): unknown;
  test(name: string, run: () => Promise<void>): unknown;
  beforeEach(run: () => Promise<void>): unknown;
  afterEach(run: () => Promise<void>): unknown;
  expect(actual: unknown): Matchers;
}

/** The store of the running test. */
export interface Bench {
  readonly store: Store;
  readonly peer: Store;
  advance(ms: number): Promise<void>;
  /** Writes a fresh family; `change` overrides any field. */
  family(change?: Partial<FamilyRecord>): Promise<FamilyRecord>;
}

export const ask: TokenAsk = { key: 'k', have: null, minTtlMs: 0, fresh: false, mintGapMs: 5_000, lifetimeMs: 900_000 };

export const upstream = { ver: 1, sealed: 'sealed-1', expiresAt: null, pending: null };

export const presentation = (rot: number, ids: [string, ...string[]]): StorePresentation => ({
  rot,
  ids,
  reason: 'expiring',
  raceMs: 20_000,
  floorMs: 35_000,
  token: ask,
});

/** A login, but for who, when and under which id. */
export const FAMILY = {
  sid: 's', client: 'web', credential: 'cookie', origin: 'http://localhost', claims: {}, scopes: ['read'], label: null, parent: null,
  salt: 'c2FsdA', idleMs: 14 * 86_400_000,
} as const;

/** Opens a store before each test of the surrounding `describe`, and closes it after. */
export function bench(open: OpenStore, { beforeEach, afterEach, expect }: TestRunner): Bench {
  let harness: StoreHarness;
  let serial = 0;
  beforeEach(async () => {
    harness = await open();
  });
  afterEach(() => harness.close());
  return {
    get store() {
      return harness.store;
    },
    get peer() {
      return harness.peer;
    },
    advance: (ms) => harness.advance(ms),
    async family(change = {}) {
      const at = await harness.store.now();
      serial += 1;
      const id = `family-${serial}-${Math.trunc(at)}`;
      const record = {
        ...newFamily({
          id,
          sid: await sidOf(id),
          client: 'web',
          credential: 'cookie',
          origin: 'http://localhost',
          sub: 'user-1',
          claims: { role: 'reader', nested: { deep: [1, 'two', null] } },
          scopes: ['read'],
          label: 'Müller’s "browser"',
          parent: null,
          salt: 'c2FsdA',
          indexes: ['by-user:1'],
          createdAt: at,
          absoluteExpiry: at + 90 * 86_400_000,
          idleMs: 14 * 86_400_000,
        }),
        ...change,
      };
      expect(await harness.store.create(record)).toBe('created');
      return record;
    },
  };
}
