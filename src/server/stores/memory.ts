/**
 * The store of tests and first looks: one process, nothing survives it.
 *
 * Each operation changes its record without an await in between, and a single process runs one of them
 * at a time: that is the atomicity the interface asks for.
 */
import type { ServerClock } from '../clock.js';
import { systemClock } from '../clock.js';
import { endFamily, type FamilyRecord, serviceOf } from '../families/family.js';
import { commitUpstream, forgetTokens, mintFor, presentFamily } from '../families/present.js';
import { type Store, StoreUnavailableError } from '../store.js';
import { memoryEvents } from './memory-events.js';
import { memoryLeases } from './memory-leases.js';
import { expiringMap } from './expiring-map.js';

/** Bounds of the memory store. */
export interface MemoryStoreOptions {
  clock?: ServerClock;
  /** Families kept, tombstones included; beyond it logins are refused, nobody is thrown out. Default 100,000. */
  maxFamilies?: number;
}

/**
 * Keeps everything in this process.
 *
 * @example
 * const store = memoryStore();
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  const clock = options.clock ?? systemClock();
  const now = () => clock.now();
  const families = expiringMap<FamilyRecord>(now, options.maxFamilies ?? 100_000);
  const indexes = new Map<string, Set<string>>();
  const sids = new Map<string, string>();
  const claims = new Map<string, number>();
  const notes = expiringMap<string>(now, 100_000);
  const hits = expiringMap<{ count: number; resetMs: number }>(now, 100_000);
  const events = memoryEvents(now);
  const leases = memoryLeases(clock);

  families.onRemoved((family) => {
    claims.delete(family.id);
    sids.delete(family.sid);
    for (const index of family.indexes) {
      const ids = indexes.get(index);
      ids?.delete(family.id);
      if (ids?.size === 0) indexes.delete(index);
    }
  });
  const write = (family: FamilyRecord) => families.set(family.id, family, family.absoluteExpiry);

  /** Runs a pure step on one record and writes what it returns. */
  async function step<A>(
    id: string,
    run: (family: FamilyRecord, at: number) => { family: FamilyRecord; answer: A },
  ): Promise<A | { kind: 'unknown'; now: number }> {
    const at = now();
    const family = families.get(id);
    if (!family) return { kind: 'unknown', now: at };
    const { family: next, answer } = run(family, at);
    if (next !== family) write(next);
    return answer;
  }

  return {
    now: async () => now(),
    async create(family) {
      const present = families.get(family.id);
      if (present?.state === 'active') return 'exists';
      if (present) families.delete(family.id);
      if (!write(family)) {
        throw new StoreUnavailableError('The memory store is full; raise maxFamilies or use the SQLite store.');
      }
      sids.set(family.sid, family.id);
      for (const index of family.indexes) {
        const ids = indexes.get(index) ?? new Set();
        indexes.set(index, ids.add(family.id));
      }
      return 'created';
    },
    read: async (id) => families.get(id),
    find: async (index) => [...(indexes.get(index) ?? [])].filter((id) => families.get(id)),
    async named(sid) {
      const id = sids.get(sid);
      return id !== undefined && families.get(id) ? id : undefined;
    },
    present: (id, presentation) => step(id, (family, at) => presentFamily(family, presentation, at)),
    mint: (id, ask) => step(id, (family, at) => mintFor(family, ask, at)),
    async commit(id, commit) {
      const answer = await step(id, (family, at) => commitUpstream(family, commit, at));
      if (answer.kind === 'committed') claims.delete(id);
      return answer;
    },
    async intend(id, ver, pending) {
      const family = families.get(id);
      if (family?.state !== 'active' || family.upstream?.ver !== ver) return false;
      write({ ...family, upstream: { ...family.upstream, pending } });
      return true;
    },
    async forget(id, gen) {
      const family = families.get(id);
      if (family) write(forgetTokens(family, gen));
    },
    async watch(id, forMs) {
      const family = families.get(id);
      if (family?.state === 'active') write({ ...family, watchedUntil: now() + forMs });
    },
    async end(id, reason) {
      const family = families.get(id);
      if (family?.state !== 'active') return false;
      write(endFamily(family, reason, now()));
      return true;
    },
    acquire: leases.acquire,
    async claimDue({ service, withinMs, limit, leaseMs, seenWithinMs }) {
      const at = now();
      const due = [...families.values()]
        .filter((family) => family.state === 'active' && serviceOf(family) === service && family.dueAt !== null && family.dueAt <= at + withinMs)
        .filter((family) => family.seenAt >= at - seenWithinMs && (claims.get(family.id) ?? 0) <= at)
        .sort((a, b) => b.seenAt - a.seenAt)
        .slice(0, limit);
      for (const family of due) claims.set(family.id, at + leaseMs);
      return due.map((family) => family.id);
    },
    async unclaim(ids) {
      for (const id of ids) claims.delete(id);
    },
    append: events.append,
    tail: events.tail,
    async hit(key, windowMs, by = 1) {
      const before = hits.get(key) ?? { count: 0, resetMs: now() + windowMs };
      const counted = { count: Math.max(0, before.count + by), resetMs: before.resetMs };
      hits.set(key, counted, counted.resetMs);
      return { count: counted.count, resetMs: counted.resetMs - now() };
    },
    async put(key, value, { ttlMs, ifAbsent }) {
      if (ifAbsent && notes.get(key) !== undefined) return false;
      return notes.set(key, value, now() + ttlMs);
    },
    get: async (key) => notes.get(key),
    async take(key) {
      const value = notes.get(key);
      notes.delete(key);
      return value;
    },
    async close() {
      leases.close();
      events.close();
    },
  };
}
