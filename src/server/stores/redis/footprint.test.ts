/** What 100,000 sessions take in Redis: everything that is kept for them, counted by Redis itself. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { base64url } from '../../encoding.js';
import { type FamilyRecord, newFamily } from '../../families/family.js';
import { WINNERS_KEPT } from '../../rotation.js';
import { redisClients } from '../../testing/redis-clients.js';
import { type RedisServer, startRedis } from '../../testing/redis-server.js';
import { redisStore } from '../redis.js';

const FAMILIES = 100_000;
const DAY = 86_400_000;

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

/** 22 characters, as ids, salts and hashes have. */
const hash = (kind: number, serial: number) => base64url(new Uint8Array(new Uint32Array([kind, serial, kind * 7, serial * 3]).buffer));

/** A browser session in the middle of its life: the chain of winners full, one access token cached. */
function family(serial: number, at: number): FamilyRecord {
  return {
    ...newFamily({
      id: hash(1, serial),
      sid: hash(2, serial),
      client: 'web',
      credential: 'cookie',
      origin: 'https://app.example.com',
      mount: '/auth',
      sub: `0b9c61f2-5d1e-4c8e-9f7a-${String(serial).padStart(12, '0')}`,
      claims: {},
      scopes: ['openid', 'profile', 'email'],
      label: 'Chrome on Windows',
      parent: null,
      salt: hash(3, serial),
      indexes: [`user:${hash(4, serial)}`],
      createdAt: at,
      absoluteExpiry: at + 90 * DAY,
      idleMs: 14 * DAY,
    }),
    rot: 1_000,
    winners: Array.from({ length: WINNERS_KEPT }, (_, i) => hash(10 + i, serial)),
    gen: 1_200,
    tokens: { [hash(5, serial)]: { gen: 1_200, issuedAt: at, expiresAt: at + 900_000, sealed: null } },
  };
}

test('100,000 families without upstream tokens take at most 600 bytes each, their index included', { timeout: 180_000 }, async () => {
  const { client, close } = await redisClients.ioredis(server.port);
  const store = redisStore({ client, deadlineMs: 30_000 });
  const used = async () => Number(/^used_memory:(\d+)/m.exec(String(await server.command('INFO', 'memory')))![1]);
  await store.create(family(FAMILIES, await store.now()));
  const before = await used();
  const at = await store.now();
  for (let from = 0; from < FAMILIES; from += 1_000) {
    await Promise.all(Array.from({ length: 1_000 }, (_, i) => store.create(family(from + i, at))));
  }
  const bytes = (await used()) - before;
  const key = `tabaton:{${hash(1, 7)}}`;
  const one = Number(await server.command('MEMORY', 'USAGE', key));
  console.log(`Redis: ${(bytes / FAMILIES).toFixed(0)} bytes per family (its key ${one}, the rest are its index and Redis's tables)`);
  expect(await store.find(`user:${hash(4, 7)}`)).toEqual([hash(1, 7)]);
  expect(await store.read(hash(1, 7))).toEqual(family(7, at));
  expect(bytes / FAMILIES).toBeLessThanOrEqual(600);
  await store.close();
  close();
});
