/** Families: one key each, so that a rotation is one script on one key, in one round trip. */
import type { EndedReason, Outcome } from '../../../contract/wire.js';
import { type FamilyRecord, serviceOf } from '../../families/family.js';
import type { Committed, Minted, Presented, Store, StorePresentation, TokenAsk, TokenDecision } from '../../store.js';
import { StoreUnavailableError } from '../../store.js';
import { type RedisCaller, unavailable } from './caller.js';
import type { DueQueue } from './due.js';
import type { FamilyIndex } from './index-sets.js';
import type { RedisKeys } from './keys.js';
import { familyScripts } from './lua/families.js';
import { compact, expand } from './compact.js';
import { pack, type Packable, unpack, type Unpacked } from './messagepack.js';
import { opaqueReader, packFamily, readFamily, unpackOpaque } from './record.js';
import { together } from './together.js';

type FamilyPart = Pick<Store, 'create' | 'read' | 'present' | 'mint' | 'commit' | 'intend' | 'forget' | 'watch' | 'end'>;

export interface RedisFamilyParts {
  caller: RedisCaller;
  keys: RedisKeys;
  index: FamilyIndex;
  due: DueQueue;
  replicas: number;
}

export function redisFamilies({ caller, keys, index, due, replicas }: RedisFamilyParts): FamilyPart {
  const scripts = familyScripts();
  const read = opaqueReader();
  const show = together<Buffer, Buffer>(async (shown) =>
    (await caller.runBinary(scripts.present, shown.map(({ key }) => key) as [string, ...string[]], shown.map(({ ask }) => ask))) as Buffer[],
  );

  /** A revocation that a failover forgets would let a thief back in: without the acknowledgement it is a 503. */
  async function mustSurvive(key: string): Promise<void> {
    if (replicas === 0) return;
    const count = await caller.acknowledged(key, 'needed');
    if (count < replicas) {
      throw new StoreUnavailableError(`The end of a session reached ${count} of ${replicas} replicas. It is retried with the request.`);
    }
  }
  /** A login that a failover forgets costs a login, a commit a call: worth waiting for, not worth refusing. */
  async function shouldSurvive(key: string): Promise<void> {
    if (replicas > 0) await caller.acknowledged(key, 'wanted').catch(() => 0);
  }

  return {
    async create(family) {
      const key = keys.family(family.id);
      // The index first: a crash in between leaves an id that leads nowhere, never a family that nobody finds.
      await index.add(family.indexes, family.id, family.absoluteExpiry);
      const [kind, before] = (await caller.runBinary(scripts.create, [key], [packFamily(family)])) as [Buffer, Buffer];
      const stale = before.length === 0 ? [] : unpackOpaque(before).indexes;
      if (kind.toString() === 'exists') {
        await index.remove(family.indexes.filter((name) => !stale.includes(name)), family.id);
        return 'exists';
      }
      await shouldSurvive(key);
      await index.remove(stale.filter((name) => !family.indexes.includes(name)), family.id);
      await due.put(family);
      return 'created';
    },
    async read(id) {
      return replyOf(read, id, await caller.runBinary(scripts.read, [keys.family(id)])).family;
    },
    async present(id, presentation) {
      const key = keys.family(id);
      const presented = presentedFrom(read, id, presentation, await show(key, pack(presentArguments(presentation))));
      if (presented.kind === 'reuse') {
        await mustSurvive(key);
        await due.drop(serviceOf(presented.family), id).catch(() => {});
      }
      // The queue learns that the user is there; the answer does not wait for it.
      const family = presented.kind === 'unknown' ? undefined : presented.family;
      if (family?.state === 'active' && family.seenAt === presented.now) void due.seen(family).catch(() => {});
      return presented;
    },
    async mint(id, ask) {
      return mintedFrom(read, id, ask, await caller.runBinary(scripts.mint, [keys.family(id)], [pack(askArguments(ask))]));
    },
    async commit(id, { ver, sealed, expiresAt, dueAt, token }) {
      const key = keys.family(id);
      const args = [String(ver), sealed, optional(expiresAt), optional(dueAt), ...(token ? [compact(token.key), String(token.lifetimeMs), token.sealed] : [])];
      const committed = committedFrom(read, id, token?.key ?? null, await caller.runBinary(scripts.commit, [key], args));
      if (committed.kind === 'committed') {
        await shouldSurvive(key);
        await (dueAt === null ? due.drop(serviceOf(committed.family), id) : due.put(committed.family)).catch(() => {});
      }
      return committed;
    },
    async intend(id, ver, { node, at }) {
      return (await caller.run(scripts.intend, [keys.family(id)], [String(ver), node, String(at)])) === 1;
    },
    async forget(id, gen) {
      await caller.run(scripts.forget, [keys.family(id)], [String(gen)]);
    },
    async watch(id, forMs) {
      await caller.run(scripts.watch, [keys.family(id)], [String(forMs)]);
    },
    async end(id, reason) {
      const key = keys.family(id);
      const [first, opaque] = (await caller.runBinary(scripts.end, [key], [reason])) as [number, Buffer];
      await mustSurvive(key);
      if (opaque.length > 0) await due.drop(serviceOf(unpackOpaque(opaque)), id).catch(() => {});
      return first === 1;
    },
  };
}

const optional = (value: number | null) => (value === null ? '' : String(value));

function askArguments({ key, have, minTtlMs, fresh, mintGapMs, lifetimeMs }: TokenAsk): Packable[] {
  return [compact(key), have ?? false, minTtlMs, fresh, mintGapMs, lifetimeMs ?? false];
}

function presentArguments({ rot, ids, reason, raceMs, floorMs, token }: StorePresentation): Packable[] {
  return [rot, reason, raceMs, floorMs, ...askArguments(token), ...ids.map(compact)];
}

type ReadOpaque = ReturnType<typeof opaqueReader>;

interface Reply {
  now: number;
  family: FamilyRecord | undefined;
  kind: string;
  rest: Unpacked[];
}

/** @throws StoreUnavailableError when the script failed for this one */
function replyOf(read: ReadOpaque, id: string, bytes: unknown): Reply {
  const [now, family, kind, ...rest] = unpack(bytes as Buffer) as [number | Buffer, Unpacked[] | false, Buffer?, ...Unpacked[]];
  if (typeof now !== 'number') throw unavailable(new Error(String(now)));
  return { now, family: family === false ? undefined : readFamily(id, family, read), kind: String(kind), rest };
}

function presentedFrom(read: ReadOpaque, id: string, { token: ask }: StorePresentation, reply: Buffer): Presented {
  const { now, family, kind, rest } = replyOf(read, id, reply);
  if (!family) return { kind: 'unknown', now };
  const [first, second, ...token] = rest;
  switch (kind) {
    case 'ended':
      return { kind, reason: String(first) as EndedReason, family, now };
    case 'reuse':
      return { kind, which: String(first) as 'previous' | 'older', family, now };
    case 'spent':
      return { kind, settled: expand(first as Buffer), sendCookie: second === true, family, now };
    default: {
      const settled = (second as Buffer).length === 0 ? null : expand(second as Buffer);
      return { kind: 'accepted', outcome: String(first) as Outcome | 'healed', settled, token: tokenFrom(family, ask.key, token), family, now };
    }
  }
}

function mintedFrom(read: ReadOpaque, id: string, ask: TokenAsk, reply: unknown): Minted {
  const { now, family, kind, rest } = replyOf(read, id, reply);
  if (!family) return { kind: 'unknown', now };
  if (kind === 'ended') return { kind, reason: String(rest[0]) as EndedReason, family, now };
  return { kind: 'active', token: tokenFrom(family, ask.key, rest), family, now };
}

function tokenFrom(family: FamilyRecord, key: string, [kind, wait]: Unpacked[]): TokenDecision {
  switch (String(kind) as TokenDecision['kind']) {
    case 'needed':
      return { kind: 'needed' };
    case 'limited':
      return { kind: 'limited', retryAfterMs: Number(wait) };
    case 'served':
      return { kind: 'served', token: family.tokens[key]! };
    case 'minted':
      return { kind: 'minted', token: family.tokens[key]! };
  }
}

function committedFrom(read: ReadOpaque, id: string, key: string | null, reply: unknown): Committed {
  const { now, family, kind, rest } = replyOf(read, id, reply);
  if (!family) return { kind: 'unknown', now };
  if (kind === 'ended') return { kind, reason: String(rest[0]) as EndedReason, family, now };
  if (kind === 'conflict') return { kind, family, now };
  return { kind: 'committed', family, token: key === null ? null : family.tokens[key]!, now };
}
