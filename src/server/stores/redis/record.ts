/**
 * A family as MessagePack, as scripts take it and give it back: an array in the order of `FIELDS` in `lua/family.ts`,
 * with `false` for null. What was decided at login is one string in it, which no script opens.
 */
import { BoundedCache } from '../../bounded-cache.js';
import type { FamilyIdentity, FamilyRecord, TokenRecord, UpstreamRecord } from '../../families/family.js';
import { compact, expand } from './compact.js';
import { pack, type Packable, unpack, type Unpacked } from './messagepack.js';

/** The fields of the string that no script opens. A field that is forgotten here does not compile. */
type Opaque = Omit<FamilyIdentity, 'id' | 'createdAt' | 'absoluteExpiry' | 'idleMs'>;

interface Spelling<T> {
  write(value: T): Packable;
  read(value: Unpacked): T;
}

const text: Spelling<string> = { write: compact, read: (value) => expand(value as Buffer) };
const json = <T>(): Spelling<T> => ({ write: (value) => JSON.stringify(value), read: (value) => JSON.parse(String(value)) as T });
const texts: Spelling<readonly string[]> = { write: (values) => values.map(compact), read: (values) => (values as Buffer[]).map(expand) };
const optionalText: Spelling<string | null> = {
  write: (value) => (value === null ? false : compact(value)),
  read: (value) => (value === false ? null : expand(value as Buffer)),
};

/** In the order they are stored; new ones go to the end. */
const OPAQUE: { readonly [Field in keyof Opaque]-?: Spelling<Opaque[Field]> } = {
  sid: text,
  client: text,
  credential: { write: (value) => value === 'body', read: (value) => (value === true ? 'body' : 'cookie') },
  origin: text,
  sub: text,
  claims: json(),
  scopes: texts,
  label: optionalText,
  parent: optionalText,
  salt: text,
  indexes: texts,
  // Families of before this field have none.
  mount: { write: (value) => (value === undefined ? false : compact(value)), read: (value) => (value ? expand(value as Buffer) : undefined) },
};
const SPELLINGS = Object.entries(OPAQUE) as [keyof Opaque, Spelling<unknown>][];

function packOpaque(family: FamilyRecord): Buffer {
  return pack(SPELLINGS.map(([field, spelling]) => spelling.write(family[field])));
}

/**
 * Reads it once for as long as it stays the same bytes: a family that comes back is known by then.
 * @param limit Families it is kept of.
 */
export function opaqueReader(limit = 10_000): (id: string, bytes: Buffer) => Opaque {
  const read = new BoundedCache<{ bytes: Buffer; opaque: Opaque }>(limit);
  return (id, bytes) => {
    const before = read.get(id);
    if (before?.bytes.equals(bytes)) return before.opaque;
    const opaque = unpackOpaque(bytes);
    // A copy: the bytes are a view on all that came with them.
    read.set(id, { bytes: Buffer.from(bytes), opaque });
    return opaque;
  };
}

export function unpackOpaque(bytes: Buffer): Opaque {
  const values = unpack(bytes) as Unpacked[];
  // Written by `packOpaque` and by nobody else.
  return Object.fromEntries(SPELLINGS.map(([field, spelling], at) => [field, spelling.read(values[at]!)])) as unknown as Opaque;
}

const orFalse = <T extends Packable>(value: T | null): T | false => value ?? false;

export function packFamily(family: FamilyRecord): Buffer {
  const { upstream } = family;
  return pack([
    packOpaque(family),
    family.createdAt,
    family.absoluteExpiry,
    family.idleMs,
    family.rot,
    family.winners.map(compact),
    family.rotatedAt,
    orFalse(family.healedAt),
    family.state === 'ended',
    orFalse(family.endedReason),
    orFalse(family.endedAt),
    family.idleExpiry,
    family.seenAt,
    family.gen,
    Object.entries(family.tokens).map(([key, { gen, issuedAt, expiresAt, sealed }]) => [compact(key), gen, issuedAt, expiresAt, orFalse(sealed)]),
    upstream !== null && [upstream.ver, upstream.sealed, orFalse(upstream.expiresAt), orFalse(upstream.pending?.node ?? null), orFalse(upstream.pending?.at ?? null)],
    orFalse(family.dueAt),
    orFalse(family.watchedUntil),
  ]);
}

export function readFamily(id: string, values: Unpacked[], read: (id: string, bytes: Buffer) => Opaque): FamilyRecord {
  const [opaque, createdAt, absoluteExpiry, idleMs, rot, winners, rotatedAt, healedAt, ended, reason, endedAt, idleExpiry, seenAt, gen, tokens, upstream, dueAt, watchedUntil] =
    values;
  return {
    id,
    ...read(id, opaque as Buffer),
    createdAt: createdAt as number,
    absoluteExpiry: absoluteExpiry as number,
    idleMs: idleMs as number,
    rot: rot as number,
    winners: (winners as Buffer[]).map(expand),
    rotatedAt: rotatedAt as number,
    healedAt: numberOrNull(healedAt),
    state: ended === true ? 'ended' : 'active',
    endedReason: (reason === false ? null : String(reason)) as FamilyRecord['endedReason'],
    endedAt: numberOrNull(endedAt),
    idleExpiry: idleExpiry as number,
    seenAt: seenAt as number,
    gen: gen as number,
    tokens: Object.fromEntries((tokens as Unpacked[][]).map(tokenFrom)),
    upstream: upstream === false ? null : upstreamFrom(upstream as Unpacked[]),
    dueAt: numberOrNull(dueAt),
    // Families of before this field have none.
    watchedUntil: numberOrNull(watchedUntil),
  };
}

const numberOrNull = (value: Unpacked | undefined) => (typeof value === 'number' ? value : null);

function tokenFrom([key, gen, issuedAt, expiresAt, sealed]: Unpacked[]): [string, TokenRecord] {
  return [
    expand(key as Buffer),
    { gen: gen as number, issuedAt: issuedAt as number, expiresAt: expiresAt as number, sealed: sealed === false ? null : String(sealed) },
  ];
}

function upstreamFrom([ver, sealed, expiresAt, node, at]: Unpacked[]): UpstreamRecord {
  return {
    ver: ver as number,
    sealed: String(sealed),
    expiresAt: numberOrNull(expiresAt),
    pending: typeof at === 'number' ? { node: String(node), at } : null,
  };
}
