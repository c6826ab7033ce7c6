/**
 * Which families carry an index, e.g. a user's. A user has few families, and a key per user would cost more than the
 * family itself; so all indexes share 4,096 sorted sets, each scored by when the family expires. Up to half a million
 * families such a set is one compact block of memory.
 */
import { createHash } from 'node:crypto';
import { NEVER } from '../../families/family.js';
import type { RedisCaller } from './caller.js';
import { compact, expand } from './compact.js';
import type { RedisKeys } from './keys.js';
import { luaScript } from './script.js';

const SETS = 4_096;
/** Bytes of a member before its id. */
const TAG = 12;
/** Sets that a search reads at once. */
const AT_ONCE = 64;

const NOW = `
local clock = redis.call('TIME')
local now = string.format('%.17g', clock[1] * 1000 + math.floor(clock[2] / 1000))
`;

/** What has expired leaves with the next who comes. */
const ADD = luaScript(
  NOW,
  `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1
`,
);

/** The rest of each member that begins with the argument. */
const FIND = luaScript(
  NOW,
  `
local found = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')) do
  if string.sub(member, 1, #ARGV[1]) == ARGV[1] then found[#found + 1] = string.sub(member, #ARGV[1] + 1) end
end
return found
`,
);

const REMOVE = luaScript(`return redis.call('ZREM', KEYS[1], ARGV[1])`);

export interface FamilyIndex {
  add(names: readonly string[], id: string, expiresAt: number): Promise<void>;
  remove(names: readonly string[], id: string): Promise<void>;
  find(name: string): Promise<string[]>;
  /** Goes through all families that carry an index: for what is asked too rarely to have one. */
  search(meant: (id: string) => Promise<boolean>): Promise<string | undefined>;
}

export function familyIndex(caller: RedisCaller, keys: RedisKeys): FamilyIndex {
  const members = async (set: number, tag: Buffer = Buffer.alloc(0)) => (await caller.runBinary(FIND, [keys.index(set)], [tag])) as Buffer[];

  return {
    async add(names, id, expiresAt) {
      const score = String(Math.min(expiresAt, NEVER));
      await Promise.all(names.map(placeOf).map(({ set, tag }) => caller.runBinary(ADD, [keys.index(set)], [member(tag, id), score])));
    },
    async remove(names, id) {
      await Promise.all(names.map(placeOf).map(({ set, tag }) => caller.runBinary(REMOVE, [keys.index(set)], [member(tag, id)])));
    },
    async find(name) {
      const { set, tag } = placeOf(name);
      return (await members(set, tag)).map(expand);
    },
    async search(meant) {
      for (let from = 0; from < SETS; from += AT_ONCE) {
        const found = await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => members(from + i)));
        for (const member of found.flat()) {
          const id = expand(member.subarray(TAG));
          if (await meant(id)) return id;
        }
      }
      return undefined;
    },
  };
}

/** The set of an index, and 96 bits that stand for it there: nobody finds a second name for them. */
function placeOf(name: string): { set: number; tag: Buffer } {
  const digest = createHash('sha256').update(name).digest();
  return { set: digest.readUInt16BE(0) % SETS, tag: digest.subarray(2, 2 + TAG) };
}

const member = (tag: Buffer, id: string) => Buffer.concat([tag, compact(id)]);
