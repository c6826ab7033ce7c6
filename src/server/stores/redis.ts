/**
 * For several nodes. Times are those of Redis, the rotation is one Lua script in one round trip, and nothing needs
 * two slots of a cluster at once.
 *
 * What Redis may forget, and what follows: a rotation (the next presentation heals it), a login (sign in again), a
 * revocation (it would come back to life: hence `replicas`). Run it with `appendonly yes`, and with an eviction
 * policy of `noeviction`: a session that was evicted is a user signed out.
 */
import { type ServerClock, type ServerRandom, systemClock, systemRandom } from '../clock.js';
import { MisconfiguredError } from '../config/misconfigured.js';
import { checkNames } from '../config/names.js';
import { sidOf } from '../families/sid.js';
import type { Store } from '../store.js';
import { redisCaller } from './redis/caller.js';
import { linkTo, type RedisClient } from './redis/client.js';
import { dueQueue } from './redis/due.js';
import { redisEvents } from './redis/events.js';
import { redisFamilies } from './redis/families.js';
import { familyIndex } from './redis/index-sets.js';
import { redisKeys } from './redis/keys.js';
import { redisLeases } from './redis/leases.js';
import { redisNotes } from './redis/notes.js';
import { redisWakes } from './redis/wakes.js';

/** Which Redis, under which prefix. */
export interface RedisStoreOptions {
  /** A client of `ioredis` or of `redis`, single or cluster. It stays yours: the store never closes it. */
  client: RedisClient;
  /** Put before every key and channel. Default `tabaton:`. */
  prefix?: string;
  /**
   * How many replicas must have a revocation before it counts (`WAIT`); fewer is `store_unavailable`, and the request
   * is retried. Default 0, for a Redis without replicas: then a failover may forget the revocations of its last moment.
   */
  replicas?: number;
  /** Milliseconds after which a silent Redis counts as unavailable. Default 1,000. */
  deadlineMs?: number;
  /** Timers of this process; the time itself is Redis's. */
  clock?: ServerClock;
  /** Default: WebCrypto. */
  random?: ServerRandom;
}

const OPTIONS: Readonly<Record<keyof RedisStoreOptions, true>> = { client: true, prefix: true, replicas: true, deadlineMs: true, clock: true, random: true };

/**
 * Keeps everything in Redis 6 or newer, or in Valkey.
 * @throws MisconfiguredError for a client it does not know.
 * @example
 * const store = redisStore({ client: new Redis(process.env.REDIS_URL) });
 */
export function redisStore(options: RedisStoreOptions): Store {
  checkNames(options, OPTIONS);
  const { replicas = 0, deadlineMs = 1_000, prefix = 'tabaton:' } = options;
  if (!Number.isInteger(replicas) || replicas < 0) throw new MisconfiguredError('replicas', 'Give the number of replicas, 0 or more.');
  if (!(deadlineMs > 0)) throw new MisconfiguredError('deadlineMs', 'Give milliseconds, more than 0.');
  if (/[{}]/.test(prefix)) throw new MisconfiguredError('prefix', 'Braces choose the slots of a cluster. Leave them out.');
  const clock = options.clock ?? systemClock();
  const random = options.random ?? systemRandom();
  const link = linkTo(options.client);
  const keys = redisKeys(prefix);
  const caller = redisCaller(link, { clock, deadlineMs, replicas });
  const wakes = redisWakes(link, clock, deadlineMs);
  const index = familyIndex(caller, keys);
  const due = dueQueue(caller, keys);
  const families = redisFamilies({ caller, keys, index, due, replicas });
  const events = redisEvents({ caller, keys, wakes, clock, random });

  return {
    async now() {
      const [seconds, micros] = (await caller.command(null, 'TIME')) as [string, string];
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
    },
    ...families,
    find: index.find,
    // An index would take a twentieth of all memory for what an operator asks after a theft: all are gone through instead.
    named: (sid) => index.search(async (id) => (await sidOf(id)) === sid),
    ...redisLeases({ caller, keys, wakes, clock, random }),
    async claimDue(claim) {
      const claimed = await due.claim(claim);
      // The queue is another slot than the families: what died meanwhile is found out here.
      const alive = await Promise.all(claimed.map(async (id) => (await families.read(id))?.state === 'active'));
      const dead = claimed.filter((_, at) => !alive[at]);
      await Promise.all(dead.map((id) => due.drop(claim.service, id)));
      return claimed.filter((_, at) => alive[at]);
    },
    async unclaim(ids) {
      // The queue has forgotten when they were due.
      const known = await Promise.all(ids.map((id) => families.read(id)));
      await Promise.all(known.map((family) => family && due.put(family)));
    },
    append: events.append,
    tail: events.tail,
    ...redisNotes(caller, keys),
    async close() {
      events.close();
      wakes.close();
    },
  };
}
