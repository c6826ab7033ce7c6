/** The connection for subscriptions: one, whatever becomes of what it is asked. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../../testing/redis-server.js';
import { redisStore } from '../redis.js';

let server: RedisServer;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.close());

/** Beside the one that asks. */
const connections = async () => String(await server.command('CLIENT', 'LIST')).trim().split('\n').length - 1;
const channel = 'tabaton:e:t';

test('a client that queues nothing while it connects gets its subscription, over one connection', async () => {
  const client = new Redis({ port: server.port, host: '127.0.0.1', enableOfflineQueue: false });
  await once(client, 'ready');
  const store = redisStore({ client, deadlineMs: 100 });
  const stop = await store.tail('t', undefined, () => {});
  await sleep(1_000);
  expect(await connections()).toBe(2);
  expect(await server.command('PUBSUB', 'NUMSUB', channel)).toEqual([channel, 1]);
  stop();
  await store.close();
  client.disconnect();
});

/** An ACL user of Redis 7 has no channel unless one is given. */
test.each(['ioredis', 'redis'])('a user who may not subscribe is asked again over the same connection (%s)', async (name) => {
  await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '+@all', 'resetchannels');
  const options = { username: 'app', password: 'secret' };
  const opened =
    name === 'ioredis'
      ? new Redis({ port: server.port, host: '127.0.0.1', ...options })
      : await createClient({ socket: { port: server.port, host: '127.0.0.1' }, ...options }).connect();
  const store = redisStore({ client: opened, deadlineMs: 100 });
  const stop = await store.tail('t', undefined, () => {});
  await sleep(1_000);
  expect(await connections()).toBe(2);
  await server.command('ACL', 'SETUSER', 'app', 'allchannels');
  while (JSON.stringify(await server.command('PUBSUB', 'NUMSUB', channel)) !== JSON.stringify([channel, 1])) await sleep(20);
  stop();
  await store.close();
  if (opened instanceof Redis) opened.disconnect();
  else opened.destroy();
});
