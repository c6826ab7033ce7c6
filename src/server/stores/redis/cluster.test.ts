/** The contract on a cluster: any script that touched two slots would be refused here. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as vitest from 'vitest';
import { type RedisCluster, startRedisCluster } from '../../testing/redis-cluster.js';
import { redisClientNames, redisClusterClients } from '../../testing/redis-clients.js';
import { storeContract } from '../contract.js';
import { redisStore } from '../redis.js';

const { afterAll, beforeAll, expect, test } = vitest;
let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startRedisCluster();
}, 60_000);
afterAll(() => cluster.close());

const open = (name: 'ioredis' | 'redis') => redisClusterClients[name](cluster.nodes.map(({ port }) => port));

for (const name of redisClientNames) {
  storeContract(`Redis cluster through ${name}`, async () => {
    await cluster.clear();
    const [one, two] = await Promise.all([open(name), open(name)]);
    const [store, peer] = [redisStore({ client: one.client, deadlineMs: 5_000 }), redisStore({ client: two.client, deadlineMs: 5_000 })];
    return {
      store,
      peer,
      advance: (ms) => sleep(ms),
      async close() {
        await Promise.all([store.close(), peer.close()]);
        one.close();
        two.close();
      },
    };
  }, vitest);
}

test('families spread over the nodes', async () => {
  await cluster.clear();
  const { client, close } = await open('ioredis');
  const store = redisStore({ client });
  await Promise.all(Array.from({ length: 40 }, (_, i) => store.put(`note-${i}`, 'x', { ttlMs: 60_000 })));
  for (const node of cluster.nodes) expect(await node.command('DBSIZE')).toBeGreaterThan(0);
  await store.close();
  close();
});
