/** Which store a process is to open: JSON, so that it can be handed over. */
import type { Store } from '../store.js';
import { redisStore } from '../stores/redis.js';
import { sqliteStore } from '../stores/sqlite.js';
import { type RedisClientName, redisClients } from './redis-clients.js';

export type StoreSpec = { kind: 'sqlite'; file: string } | { kind: 'redis'; client: RedisClientName; port: number };

export async function openStore(spec: StoreSpec): Promise<Store> {
  if (spec.kind === 'sqlite') return sqliteStore({ file: spec.file });
  const { client } = await redisClients[spec.client](spec.port);
  return redisStore({ client, deadlineMs: 10_000 });
}
