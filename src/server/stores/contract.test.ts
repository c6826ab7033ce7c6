/** The contract itself, under a runner that is nobody's: it passes a store that keeps it, and finds one that does not. */
import { expect, test } from 'vitest';
import type { FamilyRecord } from '../families/family.js';
import type { Lease, Store, StoredEvent } from '../store.js';
import { fakeClock } from '../testing/fake-clock.js';
import { storeContract } from './contract.js';
import { memoryStore } from './memory.js';

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

async function inVain(): Promise<never> {
  for (let turn = 0; turn < 2_000; turn += 1) await later();
  throw new Error('It waits in vain.');
}

/** Titles of the tests that fail, of all or of one, and how many there are. */
async function run(change: (store: Store) => Store, only?: string): Promise<{ count: number; failed: string[] }> {
  const tests: [title: string, run: () => Promise<void>][] = [];
  const before: (() => Promise<void>)[] = [];
  const after: (() => Promise<void>)[] = [];
  // Each part opens a store of its own before each test.
  const hooks = { beforeEach: (hook: () => Promise<void>) => before.push(hook), afterEach: (hook: () => Promise<void>) => after.push(hook) };
  storeContract(
    'mine',
    async () => {
      const clock = fakeClock();
      const store = change(memoryStore({ clock }));
      return { store, peer: store, advance: clock.advance, close: () => store.close() };
    },
    { describe: (_, declare) => declare(), test: (title, body) => tests.push([title, body]), expect, ...hooks },
  );
  const failed: string[] = [];
  for (const [title, body] of tests.filter(([one]) => only === undefined || one === only)) {
    for (const hook of before) await hook();
    // Who waits for an event that never comes has failed.
    await Promise.race([body(), inVain()]).catch(() => failed.push(title));
    for (const hook of after) await hook();
  }
  return { count: tests.length, failed };
}

test('a store that keeps the contract passes every test of it', async () => {
  const { count, failed } = await run((store) => store);
  expect(count).toBeGreaterThan(50);
  expect(failed).toEqual([]);
});

/** What goes wrong in stores, and the test that finds it. */
const broken: [what: string, change: (store: Store) => Partial<Store>, found: string][] = [
  ['ends a family twice', (store) => ({ end: async (...what) => (await store.end(...what), true) }), 'one caller ends it, the tombstone keeps the first reason'],
  [
    'lets two rotate',
    (store) => ({
      async present(...what) {
        const answer = await store.present(...what);
        return answer.kind === 'accepted' && answer.outcome === 'raced' ? { ...answer, outcome: 'rotated' } : answer;
      },
    }),
    'of eight presentations at once exactly one rotates, the others race',
  ],
  [
    'rotates at every start',
    (store) => ({ present: (id, given) => store.present(id, given.reason === 'startup' ? { ...given, reason: 'expiring' } : given) }),
    'a start is served from the cache, and nothing rotates',
  ],
  [
    'asks for the last winner only',
    (store) => ({
      async present(id, given) {
        const family = await store.read(id);
        const shown = family && given.rot < family.rot && given.ids.includes(family.winners[0]!);
        return store.present(id, shown ? { ...given, ids: [given.ids[0], ...family.winners] } : given);
      },
    }),
    'an older cookie with all winners since is replayed, with some of them raced or reuse',
  ],
  [
    'forgets that a family is idle',
    (store) => ({
      async mint(id, given) {
        const answer = await store.mint(id, given);
        return answer.kind === 'ended' && answer.reason === 'idle' ? { kind: 'active', token: { kind: 'needed' }, family: answer.family, now: answer.now } : answer;
      },
    }),
    'an idle family gets no token, and keeps none that comes from upstream',
  ],
  [
    'keeps what has expired',
    (store) => {
      const families = new Map<string, FamilyRecord>();
      return {
        create: (family) => (families.set(family.id, family), store.create(family)),
        read: async (id) => (await store.read(id)) ?? families.get(id),
      };
    },
    'past the absolute expiry nothing is left, the index included',
  ],
  [
    'finds a family by what it was called before',
    (store) => {
      const names = new Map<string, Set<string>>();
      return {
        create(family) {
          for (const name of family.indexes) names.set(name, (names.get(name) ?? new Set()).add(family.id));
          return store.create(family);
        },
        find: async (name) => [...(names.get(name) ?? [])],
      };
    },
    'an ended family that begins anew leaves its old indexes, and one that was refused gets none',
  ],
  [
    'looks first and creates later',
    (store) => ({
      async create(family) {
        const before = await store.read(family.id);
        await later();
        if (before?.state === 'active') return 'exists';
        await store.end(family.id, 'revoked');
        return store.create(family);
      },
    }),
    'of two who begin it at once one does, and what is there is the one’s',
  ],
  [
    'writes back what it has read, whatever has happened since',
    (store) => ({
      async watch(id, ms) {
        const before = await store.read(id);
        await later();
        await store.watch(id, ms);
        if (before?.state === 'active' && (await store.read(id))?.state === 'ended') await store.create(before);
      },
    }),
    'nothing that happens at the same moment brings it back',
  ],
  ['takes an intent for a dead family', (store) => ({ intend: async (id, ...what) => (await store.read(id))?.state === 'ended' || store.intend(id, ...what) }), 'a tombstone takes no intent'],
  [
    'commits without a comparison',
    (store) => ({
      async commit(id, commit) {
        const answer = await store.commit(id, commit);
        return answer.kind === 'conflict' ? store.commit(id, { ...commit, ver: answer.family.upstream!.ver }) : answer;
      },
    }),
    'of two commits on one version one wins, the other sees what it left',
  ],
  [
    'gives one family to two workers',
    (store) => {
      let asked: Promise<string[]> | undefined;
      return { claimDue: (claim) => (asked ??= store.claimDue(claim).finally(() => (asked = undefined))) };
    },
    'of two who claim at once nobody gets what the other has',
  ],
  [
    'has one queue for all',
    (store) => ({
      async claimDue(claim) {
        const others = await store.claimDue({ ...claim, service: null });
        return claim.service === null ? others : [...others, ...(await store.claimDue(claim))].slice(0, claim.limit);
      },
    }),
    'who asks for a service gets its families, however many others are due before them',
  ],
  ['frees a lease that is somebody else’s', (store) => leases(store, (lease, held) => ({ ...lease, release: async () => held.at(-1)!.release() })), 'a lapsed lease is free; its old holder can neither renew nor release it'],
  ['renews what is lost', (store) => leases(store, (lease) => ({ ...lease, renew: async (ms) => (await lease.renew(ms), true) })), 'a lapsed lease is free; its old holder can neither renew nor release it'],
  [
    'waits for a release that never comes',
    (store) => {
      const released = new Map<string, Promise<void>>();
      return {
        async acquire(name, options) {
          for (let lease; ; await released.get(name)) {
            if (!(lease = await store.acquire(name, { ...options, waitMs: 0 }))) {
              if (options.waitMs <= 10_000) return undefined;
              continue;
            }
            const { release } = lease;
            let done = () => {};
            released.set(name, new Promise((resolve) => (done = resolve)));
            return { ...lease, release: async () => (await release(), done()) };
          }
        },
      };
    },
    'a waiter gets the lease of a holder that died, when its term is over',
  ],
  [
    'counts what it saw before',
    (store) => {
      const counts = new Map<string, number>();
      return {
        async hit(key, ...how) {
          const before = counts.get(key) ?? 0;
          const { resetMs } = await store.hit(key, ...how);
          await later();
          counts.set(key, before + 1);
          return { count: before + 1, resetMs };
        },
      };
    },
    'hits at the same moment are all counted',
  ],
  [
    'looks first and claims a note later',
    (store) => ({
      async put(key, value, { ifAbsent, ttlMs }) {
        const before = ifAbsent ? await store.get(key) : undefined;
        await later();
        return before === undefined && store.put(key, value, { ttlMs });
      },
    }),
    'of ten who claim a note at once one gets it, and it is that one’s',
  ],
  [
    'keeps the first term of a note',
    (store) => {
      const terms = new Map<string, number>();
      return { put: (key, value, { ttlMs, ...more }) => store.put(key, value, { ...more, ttlMs: terms.get(key) ?? (terms.set(key, ttlMs), ttlMs) }) };
    },
    'a note that is written again lives as long as it says then',
  ],
  ['talks on to who has gone', (store) => ({ tail: async (...what) => (await store.tail(...what), () => {}) }), 'a tail that is stopped by what it hears, hears no more'],
  [
    'calls listeners inside the call',
    (store) => {
      const listeners = new Set<(event: StoredEvent) => void>();
      return {
        tail: async (_topic, _after, listen) => (listeners.add(listen), () => void listeners.delete(listen)),
        append(topic, input) {
          for (const listen of listeners) listen({ ...input, id: '1', at: 0 });
          return store.append(topic, input);
        },
      };
    },
    'a listener never runs inside the call that it hears of',
  ],
];

/** `change` sees the lease, and all that were given. */
function leases(store: Store, change: (lease: Lease, held: readonly Lease[]) => Lease): Partial<Store> {
  const held: Lease[] = [];
  return {
    async acquire(...what) {
      const lease = await store.acquire(...what);
      if (lease) held.push(lease);
      return lease && change(lease, held);
    },
  };
}

test.each(broken)('a store that %s is found', async (_, change, found) => {
  const { failed } = await run((store) => ({ ...store, ...change(store) }), found);
  expect(failed).toEqual([found]);
});
