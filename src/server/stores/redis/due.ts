/**
 * The queues of families to refresh ahead of demand, one for each who refreshes them, in one slot of their own:
 *
 *     at       by due time               ──claim──►  claimed  by the end of the claim
 *       ▲ │                                              │
 *       │ └─not seen lately─► dormant  by last seen       │ lapsed
 *       └─────────seen again──────┘ ◄──────────────────────┘
 *
 * `seen` orders the due ones. A family in the queue is a hint: the worker that gets it reads the family itself.
 */
import { type FamilyRecord, serviceOf } from '../../families/family.js';
import type { DueClaim } from '../../store.js';
import type { RedisCaller } from './caller.js';
import type { RedisKeys } from './keys.js';
import { luaScript, type LuaScript } from './script.js';

/** No idle expiry is longer: what was dormant that long is gone. */
const FORGOTTEN_MS = 400 * 86_400_000;

/** KEYS: at, seen, claimed, dormant. Where no worker ever claims anything, what is put in takes out what is long gone. */
const PUT = luaScript(`
local clock = redis.call('TIME')
local long = string.format('%.17g', clock[1] * 1000 - ${FORGOTTEN_MS})
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', long, 'LIMIT', 0, 8)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('ZREM', KEYS[2], id)
end
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
  put(family: FamilyRecord): Promise<void>;
  seen(family: FamilyRecord): Promise<void>;
  drop(service: string | null, id: string): Promise<void>;
  claim(options: DueClaim): Promise<string[]>;
}

export function dueQueue(caller: RedisCaller, keys: RedisKeys): DueQueue {
  const run = (script: LuaScript, service: string | null, ...args: (string | number)[]) =>
    caller.run(script, [keys.due('at', service), keys.due('seen', service), keys.due('claimed', service), keys.due('dormant', service)], args.map(String));
  return {
    async put(family) {
      if (family.dueAt !== null) await run(PUT, serviceOf(family), family.id, family.dueAt, family.seenAt);
    },
    async seen(family) {
      if (family.dueAt !== null) await run(SEEN, serviceOf(family), family.id, family.dueAt, family.seenAt);
    },
    async drop(service, id) {
      await run(DROP, service, id);
    },
    claim: async ({ service, withinMs, limit, leaseMs, seenWithinMs }) =>
      (await run(CLAIM, service, withinMs, limit, leaseMs, seenWithinMs)) as string[],
  };
}
