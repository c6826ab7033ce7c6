/** tabaton/server/redis: the store of several nodes. */
export { redisStore } from './stores/redis.js';
export type { RedisStoreOptions } from './stores/redis.js';
export type { RedisClient } from './stores/redis/client.js';
export type { IoredisClient } from './stores/redis/ioredis.js';
export type { NodeRedisClient } from './stores/redis/node-redis.js';
