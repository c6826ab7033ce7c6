import { createRequire } from 'node:module';
import { Cluster, Redis } from 'ioredis';
import { createClient, createClientPool, createSentinel } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MisconfiguredError } from '../../config/misconfigured.js';
import { newFamily } from '../../families/family.js';
import { redisClients } from '../../testing/redis-clients.js';
import { type RedisServer, startRedis } from '../../testing/redis-server.js';
import type { StorePresentation } from '../../store.js';
import { redisStore, type RedisStoreOptions } from '../redis.js';
import { linkTo, type RedisClient, type RedisLink } from './client.js';
import { compact, expand } from './compact.js';
import { redisCaller } from './caller.js';
import { familyScripts } from './lua/families.js';
import { leaseScripts } from './leases.js';
import { redisKeys } from './keys.js';
import { packFamily } from './record.js';
import { systemClock } from '../../clock.js';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.close());

describe('refused at start, with what to do', () => {
  const lazy = (options: object = {}) => new Redis({ lazyConnect: true, ...options });
  const refused = (options: RedisStoreOptions, said: RegExp) => {
    expect(() => redisStore(options)).toThrow(MisconfiguredError);
    expect(() => redisStore(options)).toThrow(said);
  };
  test('something that is no client of Redis', () => {
    for (const client of [undefined, null, {}, 'redis://localhost', createRequire(import.meta.url)('node:net')]) {
      refused({ client: client as never }, /^client: Give redisStore a client of ioredis .* or of redis/);
    }
  });
  test('a prefix of the client itself, which channels would not have', () => {
    refused({ client: lazy({ keyPrefix: 'app:' }) }, /Use the prefix option of redisStore/);
  });
  test('the Sentinel client of redis, and a pool', () => {
    const sentinel = createSentinel({ name: 'main', sentinelRootNodes: [{ host: '127.0.0.1', port: 1 }] });
    refused({ client: sentinel as never }, /^client: The Sentinel client of redis cannot be used\. Use ioredis/);
    refused({ client: createClientPool() as never }, /^client: Give redisStore a client of ioredis/);
  });
  test('numbers that come as texts', () => {
    refused({ client: lazy({ stringNumbers: true }) }, /^client: With stringNumbers ioredis gives texts/);
    refused({ client: new Cluster([], { lazyConnect: true, redisOptions: { stringNumbers: true } }) }, /^client: With stringNumbers/);
  });
  test('a prefix with braces, replicas and deadlines that are none', () => {
    refused({ client: lazy(), prefix: '{app}:' }, /^prefix: Braces choose the slots/);
    refused({ client: lazy(), replica: 1 } as never, /^replica: there is no such option\. Use client, prefix, replicas/);
    for (const replicas of [-1, 0.5, Number.NaN]) refused({ client: lazy(), replicas }, /^replicas: /);
    for (const deadlineMs of [0, -1, Number.NaN]) refused({ client: lazy(), deadlineMs }, /^deadlineMs: /);
  });
});

/** What an application may want of its client for itself must not change what the store gets. */
test.each<[string, () => Promise<{ client: RedisClient; close(): void }>]>([
  ['pipelines by itself (ioredis)', async () => {
    const client = new Redis({ port: server.port, host: '127.0.0.1', enableAutoPipelining: true });
    return { client, close: () => client.disconnect() };
  }],
  ['reads strings as bytes and numbers as texts (redis)', async () => {
    const client = createClient({ socket: { port: server.port, host: '127.0.0.1' }, commandOptions: { typeMapping: { [36]: Buffer, [58]: String } as object } });
    await client.connect();
    return { client, close: () => client.destroy() };
  }],
])('a client that %s serves', async (_, open) => {
  const { client, close } = await open();
  const store = redisStore({ client, prefix: 'options:' });
  await server.command('FLUSHALL');
  await server.command('SCRIPT', 'FLUSH');
  const at = await store.now();
  expect(await store.create({ ...familyOf('f', at), dueAt: at, upstream: { ver: 1, sealed: 's', expiresAt: null, pending: null } })).toBe('created');
  expect(await store.present('f', presentationOf(0))).toMatchObject({ outcome: 'rotated', family: { rot: 1, sub: 'ada' } });
  expect(await store.intend('f', 1, { node: 'n', at })).toBe(true);
  expect(await store.claimDue({ service: null, withinMs: 0, limit: 1, leaseMs: 1_000, seenWithinMs: 60_000 })).toEqual(['f']);
  const lease = await store.acquire('l', { ttlMs: 60_000, waitMs: 0 });
  expect(await lease?.renew(60_000)).toBe(true);
  expect(await store.hit('h', 60_000)).toEqual({ count: 1, resetMs: 60_000 });
  await store.put('n', 'text', { ttlMs: 60_000 });
  expect(await store.take('n')).toBe('text');
  expect(await store.append('t', { type: 'rotated', data: {} })).toMatch(/^\d+$/);
  expect(await store.end('f', 'revoked')).toBe(true);
  await store.close();
  close();
});

test('a family goes from Redis when it expires, whatever has been written to it since', async () => {
  const { client, close } = await redisClients.ioredis(server.port);
  const store = redisStore({ client, prefix: 'ttl:' });
  const at = await store.now();
  await store.create({ ...familyOf('f', at), upstream: { ver: 1, sealed: 's', expiresAt: null, pending: null } });
  const left = async () => {
    const ms = (await server.command('PTTL', 'ttl:{f}')) as number;
    return ms > 0.99e9 && ms <= 1e9;
  };
  for (const write of [
    () => store.present('f', presentationOf(0)),
    () => store.mint('f', { ...presentationOf(0).token, key: 'other' }),
    () => store.intend('f', 1, { node: 'n', at }),
    () => store.commit('f', { ver: 1, sealed: 'n', expiresAt: null, dueAt: at, token: null }),
    () => store.forget('f', 1),
    () => store.watch('f', 1_000),
    () => store.end('f', 'revoked'),
  ]) {
    expect(await left()).toBe(true);
    await write();
  }
  expect(await left()).toBe(true);
  await store.close();
  close();
});

test('two prefixes are two stores', async () => {
  const { client, close } = await redisClients.ioredis(server.port);
  const [one, two] = [redisStore({ client, prefix: 'one:' }), redisStore({ client, prefix: 'two:' })];
  await one.put('n', 'mine', { ttlMs: 10_000 });
  expect(await two.get('n')).toBeUndefined();
  expect(await two.acquire('l', { ttlMs: 10_000, waitMs: 0 })).toBeDefined();
  expect(await one.acquire('l', { ttlMs: 10_000, waitMs: 0 })).toBeDefined();
  await Promise.all([one.close(), two.close()]);
  close();
});

test('a queue that no worker ever claims from does not keep what is long gone', async () => {
  const { client, close } = await redisClients.ioredis(server.port);
  const store = redisStore({ client, prefix: 'unclaimed:' });
  const at = await store.now();
  const due = (id: string, dueAt: number) => store.create({ ...familyOf(id, at), dueAt });
  await Promise.all(Array.from({ length: 4 }, (_, n) => due(`gone-${n}`, at - 401 * 86_400_000)));
  await due('here', at);
  for (const part of ['at', 'seen']) expect(await server.command('ZRANGE', `unclaimed:{due}:${part}`, '0', '-1')).toEqual(['here']);
  await store.close();
  close();
});

test('a store that is closed leaves the client to its owner', async () => {
  const { client, close } = await redisClients.ioredis(server.port);
  const store = redisStore({ client });
  await (await store.tail('t', undefined, () => {}))();
  await store.close();
  expect(await (client as Redis).ping()).toBe('PONG');
  close();
});

const familyOf = (id: string, at: number) =>
  newFamily({
    id, sid: 's', client: 'web', credential: 'cookie', origin: 'o', sub: 'ada', claims: {}, scopes: [], label: null,
    parent: null, salt: 's', indexes: [], createdAt: at, absoluteExpiry: at + 1e9, idleMs: 1e9,
  });
const presentationOf = (rot: number): StorePresentation => ({
  rot, ids: [`id-${rot}`], reason: 'expiring', raceMs: 0, floorMs: 0,
  token: { key: 'k', have: null, minTtlMs: 0, fresh: false, mintGapMs: 0, lifetimeMs: 1_000 },
});

test('presentations of one turn are one round trip, and one that fails does so alone', async () => {
  const { client, close } = await redisClients.ioredis(server.port);
  const store = redisStore({ client, prefix: 'turn:' });
  const at = await store.now();
  const ids = Array.from({ length: 20 }, (_, n) => `family-${n}`);
  await Promise.all(ids.map((id) => store.create(familyOf(id, at))));
  const show = (rot: number) => Promise.allSettled(ids.map((id) => store.present(id, presentationOf(rot))));
  await show(0);
  await server.command('CONFIG', 'RESETSTAT');
  for (const shown of await show(1)) expect(shown).toMatchObject({ value: { outcome: 'rotated', family: { rot: 2 } } });
  expect(/cmdstat_evalsha:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))![1]).toBe('1');

  const key = redisKeys('turn:').family(ids[7]!);
  await server.command('DEL', key);
  await server.command('LPUSH', key, 'no family');
  const [broken, ...others] = await show(2).then((all) => [all[7]!, ...all.filter((_, n) => n !== 7)]);
  expect(broken).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable', message: expect.stringContaining('WRONGTYPE') } });
  for (const shown of others) expect(shown).toMatchObject({ value: { outcome: 'rotated', family: { rot: 3 } } });
  await store.close();
  close();
});

test('a rotation is one round trip', async () => {
  const { client, close } = await redisClients.ioredis(server.port);
  const store = redisStore({ client });
  await store.create(familyOf('one-trip', await store.now()));
  const show = (rot: number) => store.present('one-trip', presentationOf(rot));
  await show(0);
  await server.command('CONFIG', 'RESETSTAT');
  for (let rot = 1; rot <= 10; rot += 1) expect(await show(rot)).toMatchObject({ outcome: 'rotated' });
  const calls = String(await server.command('INFO', 'commandstats'));
  expect(/cmdstat_evalsha:calls=(\d+)/.exec(calls)![1]).toBe('10');
  expect(calls).not.toMatch(/cmdstat_eval:/);
  await store.close();
  close();
});

/** ioredis sends again what was unanswered when the connection broke: the same command may run twice. */
describe('a command that runs twice', () => {
  let link: RedisLink;
  let close: () => void;
  beforeAll(async () => {
    const opened = await redisClients.ioredis(server.port);
    link = linkTo(opened.client);
    close = opened.close;
  });
  afterAll(() => close());
  const caller = () => redisCaller(link, { clock: systemClock(), deadlineMs: 5_000, replicas: 0 });

  test('creates one family, and says so both times', async () => {
    const at = 1_900_000_000_000;
    const record = familyOf('twice', at);
    const create = async (salt: string) =>
      String(((await caller().runBinary(familyScripts().create, ['{twice}'], [packFamily({ ...record, salt })])) as Buffer[])[0]);
    expect([await create('salt'), await create('salt'), await create('other')]).toEqual(['created', 'created', 'exists']);
  });
  test('takes a lease once, and does not lose it to itself', async () => {
    const take = (owner: string) => caller().run(leaseScripts().take, ['lease-twice'], [owner, '60000']);
    expect([await take('me'), await take('me'), await take('you')]).toEqual([1, 1, 0]);
  });
});

test('short spellings are read back as they were, and one text has one of them', () => {
  const texts = [
    '', 'a', 'u:ada', '\0', '\u0001', '\u0002abc', 'AAAAAAAAAAAAAAAAAAAAAA', 'user:AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAB',
    '0b9c61f2-5d1e-4c8e-9f7a-000000000001', '0B9C61F2-5d1e-4c8e-9f7a-000000000001', 'ü🔑', 'AAAAAAAAAAAAAAAAAAAAA==',
  ];
  for (const text of texts) expect(expand(compact(text))).toBe(text);
  expect(new Set(texts.map((text) => compact(text).toString('hex'))).size).toBe(texts.length);
  expect(compact('AAAAAAAAAAAAAAAAAAAAAA')).toHaveLength(17);
  expect(compact('0b9c61f2-5d1e-4c8e-9f7a-000000000001')).toHaveLength(17);
});
