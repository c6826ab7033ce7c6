/** Leases: `SET NX PX`, and compare-and-delete or -extend. The owner is a random text that nobody else has. */
import type { ServerClock, ServerRandom } from '../../clock.js';
import { base64url } from '../../encoding.js';
import type { Lease, Store } from '../../store.js';
import { waitForLease } from '../lease-wait.js';
import type { RedisCaller } from './caller.js';
import type { RedisKeys } from './keys.js';
import { luaScript, type LuaScript } from './script.js';
import type { Wakes } from './wakes.js';

const POLL_MS = 150;

/** A client that lost its connection sends again: who holds it already has not lost it to himself. */
const TAKE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0
`;

const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[2], KEYS[1])
return 1
`;

export function leaseScripts(): { take: LuaScript; renew: LuaScript; release: LuaScript } {
  return { take: luaScript(TAKE), renew: luaScript(RENEW), release: luaScript(RELEASE) };
}

export interface RedisLeaseParts {
  caller: RedisCaller;
  keys: RedisKeys;
  wakes: Wakes;
  clock: ServerClock;
  random: ServerRandom;
}

export function redisLeases({ caller, keys, wakes, clock, random }: RedisLeaseParts): Pick<Store, 'acquire'> {
  const scripts = leaseScripts();
  async function take(key: string, ttlMs: number): Promise<Lease | undefined> {
    const owner = base64url(random.bytes(12));
    const release = () => caller.run(scripts.release, [key], [owner, keys.released]).then(() => {}, () => {});
    let taken: unknown;
    try {
      taken = await caller.run(scripts.take, [key], [owner, String(Math.ceil(ttlMs))]);
    } catch (error) {
      // It may yet be carried out, and would then belong to nobody until it lapses.
      void release();
      throw error;
    }
    if (taken !== 1) return undefined;
    return {
      renew: async (ms) => (await caller.run(scripts.renew, [key], [owner, String(Math.ceil(ms))])) === 1,
      release,
    };
  }
  return {
    acquire(name, { ttlMs, waitMs }) {
      const key = keys.lease(name);
      return waitForLease({
        clock,
        random,
        waitMs,
        pollMs: POLL_MS,
        attempt: () => take(key, ttlMs),
        onRelease: (wake) => wakes.listen(keys.released, (released) => (released === undefined || released === key) && wake()),
      });
    },
  };
}
