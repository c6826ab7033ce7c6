import { setTimeout as sleep } from 'node:timers/promises';
import * as vitest from 'vitest';
import { redisClientNames, redisClients } from '../testing/redis-clients.js';
import { type RedisServer, startRedis } from '../testing/redis-server.js';
import { storeContract } from './contract.js';
import { redisStore } from './redis.js';

const { afterAll, beforeAll } = vitest;
let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

for (const name of redisClientNames) {
  storeContract(`Redis through ${name}`, async () => {
    await server.command('FLUSHALL');
    const [one, two] = await Promise.all([redisClients[name](server.port), redisClients[name](server.port)]);
    const [store, peer] = [redisStore({ client: one.client, deadlineMs: 5_000 }), redisStore({ client: two.client, deadlineMs: 5_000 })];
    return {
      store,
      peer,
      // Its time is its own: it has to pass.
      advance: (ms) => sleep(ms),
      async close() {
        await Promise.all([store.close(), peer.close()]);
        one.close();
        two.close();
      },
    };
  }, vitest);
}
