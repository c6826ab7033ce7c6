/** Counters and short-lived values: a key each, which Redis lets expire. */
import type { Store } from '../../store.js';
import type { RedisCaller } from './caller.js';
import type { RedisKeys } from './keys.js';
import { luaScript } from './script.js';

const HIT = luaScript(`
local by = tonumber(ARGV[2])
local before = redis.call('GET', KEYS[1])
local left = before and redis.call('PTTL', KEYS[1]) or 0
if left <= 0 then
  local count = math.max(0, by)
  redis.call('SET', KEYS[1], count, 'PX', ARGV[1])
  return { count, tonumber(ARGV[1]) }
end
local count = math.max(0, tonumber(before) + by)
redis.call('SET', KEYS[1], count, 'KEEPTTL')
return { count, left }
`);

const TAKE = luaScript(`
local value = redis.call('GET', KEYS[1])
if value then redis.call('DEL', KEYS[1]) end
return value
`);

const ms = (value: number) => String(Math.max(1, Math.ceil(value)));

export function redisNotes(caller: RedisCaller, keys: RedisKeys): Pick<Store, 'hit' | 'put' | 'get' | 'take'> {
  return {
    async hit(name, windowMs, by = 1) {
      const [count, resetMs] = (await caller.run(HIT, [keys.hit(name)], [ms(windowMs), String(by)])) as [number, number];
      return { count, resetMs };
    },
    async put(name, value, { ttlMs, ifAbsent }) {
      const key = keys.note(name);
      return (await caller.command(key, 'SET', key, value, 'PX', ms(ttlMs), ...(ifAbsent ? ['NX'] : []))) !== null;
    },
    async get(name) {
      const key = keys.note(name);
      return ((await caller.command(key, 'GET', key)) as string | null) ?? undefined;
    },
    async take(name) {
      return ((await caller.run(TAKE, [keys.note(name)])) as string | null) ?? undefined;
    },
  };
}
