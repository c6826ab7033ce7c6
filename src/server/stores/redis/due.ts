/**
 * The queue of families to refresh ahead of demand, in one slot of its own:
 *
 *     at       by due time               ──claim──►  claimed  by the end of the claim
 *       ▲ │                                              │
 *       │ └─not seen lately─► dormant  by last seen       │ lapsed
 *       └─────────seen again──────┘ ◄──────────────────────┘
 *
 * `seen` orders the due ones. A family in the queue is a hint: the worker that gets it reads the family itself.
 */
import type { RedisCaller } from './caller.js';
import type { RedisKeys } from './keys.js';
import { luaScript, type LuaScript } from './script.js';

/** No idle expiry is longer: what was dormant that long is gone. */
const FORGOTTEN_MS = 400 * 86_400_000;

/** KEYS: at, seen, claimed, dormant. */
const PUT = luaScript(`
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
return 1
`);

const SEEN = luaScript(`
if redis.call('ZREM', KEYS[4], ARGV[1]) == 1 then redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1]) end
redis.call('ZADD', KEYS[2], 'XX', ARGV[3], ARGV[1])
return 1
`);

const DROP = luaScript(`
for i = 1, 4 do redis.call('ZREM', KEYS[i], ARGV[1]) end
return 1
`);

/** Arguments: within, limit, lease, seen within. */
const CLAIM = luaScript(`
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local function text(n) return string.format('%.17g', n) end
local at, seen, claimed, dormant = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local recent = now - tonumber(ARGV[4])

local function back(from, low, high)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', from, low, high)) do
    redis.call('ZREM', from, id)
    redis.call('ZADD', at, text(now), id)
  end
end
back(claimed, '-inf', text(now))
back(dormant, text(recent), '+inf')
for _, id in ipairs(redis.call('ZRANGEBYSCORE', dormant, '-inf', text(now - ${FORGOTTEN_MS}))) do
  redis.call('ZREM', dormant, id)
  redis.call('ZREM', seen, id)
end

local due = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', at, '-inf', text(now + tonumber(ARGV[1])))) do
  local last = tonumber(redis.call('ZSCORE', seen, id) or 0)
  if last >= recent then
    due[#due + 1] = { id, last }
  else
    redis.call('ZREM', at, id)
    redis.call('ZADD', dormant, text(last), id)
  end
end
table.sort(due, function(a, b) return a[2] > b[2] end)
local taken = {}
for i = 1, math.min(#due, tonumber(ARGV[2])) do
  taken[i] = due[i][1]
  redis.call('ZREM', at, taken[i])
  redis.call('ZADD', claimed, text(now + tonumber(ARGV[3])), taken[i])
end
return taken
`);

export interface DueQueue {
  put(id: string, dueAt: number, seenAt: number): Promise<void>;
  seen(id: string, dueAt: number, seenAt: number): Promise<void>;
  drop(id: string): Promise<void>;
  claim(options: { withinMs: number; limit: number; leaseMs: number; seenWithinMs: number }): Promise<string[]>;
}

export function dueQueue(caller: RedisCaller, keys: RedisKeys): DueQueue {
  const sets = [keys.due('at'), keys.due('seen'), keys.due('claimed'), keys.due('dormant')] as const;
  const run = (script: LuaScript, ...args: (string | number)[]) => caller.run(script, sets, args.map(String));
  return {
    async put(id, dueAt, seenAt) {
      await run(PUT, id, dueAt, seenAt);
    },
    async seen(id, dueAt, seenAt) {
      await run(SEEN, id, dueAt, seenAt);
    },
    async drop(id) {
      await run(DROP, id);
    },
    claim: async ({ withinMs, limit, leaseMs, seenWithinMs }) =>
      (await run(CLAIM, withinMs, limit, leaseMs, seenWithinMs)) as string[],
  };
}
