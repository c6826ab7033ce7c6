/** Row 16 at the store: Redis silent, gone, empty, older than it was. Never a verdict on a session, never reuse. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newFamily } from '../../families/family.js';
import { type Presented, type Store, type StoredEvent, StoreUnavailableError } from '../../store.js';
import { type OpenClient, redisClientNames, redisClients } from '../../testing/redis-clients.js';
import { type RedisServer, startRedis } from '../../testing/redis-server.js';
import { site, TestBrowser } from '../../testing/site.js';
import { presentation } from '../contract/harness.js';
import { redisStore } from '../redis.js';

const DAY = 86_400_000;

async function newcomer(store: Store, id: string) {
  const at = await store.now();
  const record = newFamily({
    id, sid: id, client: 'web', credential: 'cookie', origin: 'o', sub: 'ada', claims: {}, scopes: [], label: null, parent: null,
    salt: 's', indexes: ['user:ada'], createdAt: at, absoluteExpiry: at + 90 * DAY, idleMs: 14 * DAY,
  });
  await store.create(record);
  return record;
}
const outcome = (answer: Presented) => (answer.kind === 'accepted' ? answer.outcome : answer.kind);
/** Rotates whenever it is asked to: the floor is for the network, and there is none here. */
const at = (rot: number, ids: [string, ...string[]], floorMs = 0) => ({ ...presentation(rot, ids), floorMs });

for (const name of redisClientNames) {
  describe(`through ${name}`, { timeout: 30_000 }, () => {
    let server: RedisServer;
    let opened: OpenClient;
    let store: Store;
    beforeEach(async () => {
      server = await startRedis();
      opened = await redisClients[name](server.port);
      store = redisStore({ client: opened.client, deadlineMs: 1_000 });
      await store.now();
    });
    afterEach(async () => {
      await store.close();
      opened.close();
      await server.close();
    });
    /** Clients reconnect in their own time. */
    async function back(): Promise<void> {
      for (;;) {
        const now = await store.now().catch(() => undefined);
        if (now !== undefined) return;
        await sleep(20);
      }
    }

    test('a paused Redis is unavailable at the deadline, whatever is asked', async () => {
      const { id } = await newcomer(store, 'f');
      server.pause();
      const asked = [
        store.now(),
        store.read(id),
        store.present(id, at(0, ['a'])),
        store.end(id, 'revoked'),
        store.find('user:ada'),
        store.acquire('lock', { ttlMs: 1_000, waitMs: 10_000 }),
        store.append('t', { type: 'rotated', data: {} }),
        store.tail('t', undefined, () => {}),
        store.hit('h', 1_000),
        store.put('n', 'v', { ttlMs: 1_000 }),
      ];
      for (const result of await Promise.allSettled(asked)) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } });
      }
      server.resume();
      await back();
    });

    test('a rotation that a paused Redis carried out after the answer is replayed, never reuse', async () => {
      const { id } = await newcomer(store, 'f');
      server.pause();
      await expect(store.present(id, at(0, ['a']))).rejects.toThrow(StoreUnavailableError);
      server.resume();
      await back();
      // Carried out or not, the same attempt gets its cookie.
      expect(['replayed', 'coalesced']).toContain(outcome(await store.present(id, at(0, ['a'], 35_000))));
      expect(await store.read(id)).toMatchObject({ state: 'active' });
    });

    test('a lease that a paused Redis gave after the answer is not left behind', async () => {
      server.pause();
      await expect(store.acquire('lock', { ttlMs: 60_000, waitMs: 0 })).rejects.toThrow(StoreUnavailableError);
      server.resume();
      await back();
      expect(await store.acquire('lock', { ttlMs: 60_000, waitMs: 5_000 })).toBeDefined();
    });

    test('a holder whose Redis is silent has not lost the lease', async () => {
      const lease = (await store.acquire('lock', { ttlMs: 60_000, waitMs: 0 }))!;
      server.pause();
      await expect(lease.renew(60_000)).rejects.toThrow(StoreUnavailableError);
      server.resume();
      await back();
      expect(await lease.renew(60_000)).toBe(true);
    });

    test('a stopped Redis is unavailable, and served again once it is back', async () => {
      await newcomer(store, 'f');
      await server.snapshot();
      await server.stop();
      await expect(store.read('f')).rejects.toThrow(StoreUnavailableError);
      await server.rollBack();
      await back();
      // A server that has just started knows no script.
      expect(outcome(await store.present('f', at(0, ['a'])))).toBe('rotated');
    });

    test('an older snapshot heals forward: no honest presentation is reuse, then or later', async () => {
      const { id } = await newcomer(store, 'f');
      expect(outcome(await store.present(id, at(0, ['a1'])))).toBe('rotated');
      await server.snapshot();
      expect(outcome(await store.present(id, at(1, ['a2'])))).toBe('rotated');
      expect(outcome(await store.present(id, at(2, ['a3'])))).toBe('rotated');
      await server.rollBack();
      await back();
      expect(await store.read(id)).toMatchObject({ rot: 1 });

      const C_AND_M = 35_000;
      expect(outcome(await store.present(id, at(3, ['a4', 'a3', 'a2', 'a1'], C_AND_M)))).toBe('healed');
      // Another copy of the cookie, one and two behind, with and without its winners.
      expect(outcome(await store.present(id, at(2, ['a5', 'a3', 'a2'], C_AND_M)))).toBe('replayed');
      expect(outcome(await store.present(id, at(1, ['b'], C_AND_M)))).toBe('raced');
      expect(outcome(await store.present(id, at(0, ['c'], C_AND_M)))).toBe('raced');
      expect(outcome(await store.present(id, at(3, ['a6'])))).toBe('rotated');
      expect(await store.read(id)).toMatchObject({ rot: 4, state: 'active' });
    });

    test('events reach a tail once, in order, though its subscription was cut in between', async () => {
      const seen: StoredEvent[] = [];
      let done = () => {};
      const all = new Promise<void>((resolve) => (done = resolve));
      const stop = await store.tail('t', undefined, (event) => void (seen.push(event) === 6 && done()));
      for (let gen = 1; gen <= 3; gen += 1) await store.append('t', { type: 'rotated', data: { gen } });
      await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      for (let gen = 4; gen <= 6; gen += 1) await store.append('t', { type: 'rotated', data: { gen } });
      await all;
      stop();
      expect(seen.map(({ data }) => data['gen'])).toEqual([1, 2, 3, 4, 5, 6]);
    });

    test('a waiter gets a lease whose release it did not hear of', async () => {
      const lease = (await store.acquire('lock', { ttlMs: 60_000, waitMs: 0 }))!;
      const waiting = store.acquire('lock', { ttlMs: 60_000, waitMs: 20_000 });
      await sleep(100);
      await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await lease.release();
      expect(await waiting).toBeDefined();
    });

    test('an error says what Redis said, and nothing of what it was given', async () => {
      await newcomer(store, 'f');
      await server.command('CONFIG', 'SET', 'maxmemory', '1');
      const failure = await store.put('login', 'a-verifier-that-is-secret', { ttlMs: 1_000 }).catch((error: unknown) => error as Error);
      expect(failure).toBeInstanceOf(StoreUnavailableError);
      expect((failure as Error).message).toMatch(/OOM/);
      expect(JSON.stringify([failure, String(failure), (failure as Error).stack, (failure as Error).cause ?? null])).not.toContain('secret');
    });
  });
}

describe('a primary that has become a replica, as after a failover behind one address', { timeout: 30_000 }, () => {
  test('says so to the client, which may look for the new one by that word, and still answers what changes nothing', async () => {
    const server = await startRedis();
    const heard: string[] = [];
    const client = new Redis({ port: server.port, host: '127.0.0.1', reconnectOnError: ({ message }) => (heard.push(message.split(' ')[0]!), false) });
    const store = redisStore({ client });
    const [one, two] = [await newcomer(store, 'one'), await newcomer(store, 'two')];
    await store.mint(two.id, presentation(0, ['a']).token);
    await server.command('REPLICAOF', '127.0.0.1', '1');
    const startup = { ...at(0, ['b'], 35_000), reason: 'startup' as const };
    const [rotated, cached] = await Promise.allSettled([store.present(one.id, at(0, ['a'])), store.present(two.id, startup)]);
    expect(rotated).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable', message: expect.stringContaining('READONLY') } });
    expect(cached).toMatchObject({ status: 'fulfilled', value: { outcome: 'cached' } });
    expect(heard).toContain('READONLY');
    await store.close();
    client.disconnect();
    await server.close();
  });
});

describe('with a replica', { timeout: 30_000 }, () => {
  let primary: RedisServer;
  let replica: RedisServer;
  let opened: OpenClient;
  let store: Store;
  beforeEach(async () => {
    primary = await startRedis(['--repl-diskless-sync-delay', '0']);
    replica = await startRedis(['--replicaof', '127.0.0.1', String(primary.port)]);
    while (!/connected_slaves:1[^]*state=online/.test(String(await primary.command('INFO', 'replication')))) await sleep(20);
  });
  afterEach(async () => {
    await store.close();
    opened.close();
    await replica.close();
    await primary.close();
  });

  for (const name of redisClientNames) {
    test(`a revocation survives the failover that follows it (${name})`, async () => {
      opened = await redisClients[name](primary.port);
      store = redisStore({ client: opened.client, replicas: 1, deadlineMs: 5_000 });
      await newcomer(store, 'f');
      expect(await store.end('f', 'revoked')).toBe(true);
      await primary.stop();
      await replica.command('REPLICAOF', 'NO', 'ONE');
      const promoted = await redisClients[name](replica.port);
      const after = redisStore({ client: promoted.client });
      expect(await after.present('f', at(0, ['a']))).toMatchObject({ kind: 'ended', reason: 'revoked' });
      await after.close();
      promoted.close();
    });

    test(`a revocation that no replica has is an outage, at every try until one has it (${name})`, async () => {
      opened = await redisClients[name](primary.port);
      store = redisStore({ client: opened.client, replicas: 1, deadlineMs: 2_000 });
      await newcomer(store, 'f');
      await newcomer(store, 'stolen');
      await store.present('stolen', at(0, ['a']));
      replica.pause();
      await expect(store.end('f', 'revoked')).rejects.toThrow(/0 of 1 replicas/);
      await expect(store.end('f', 'revoked')).rejects.toThrow(/0 of 1 replicas/);
      await expect(store.present('stolen', { ...at(0, ['thief']), raceMs: -1 })).rejects.toThrow(/0 of 1 replicas/);
      // A login is not refused for it.
      await newcomer(store, 'late');
      replica.resume();
      while (!/state=online/.test(String(await primary.command('INFO', 'replication')))) await sleep(20);
      expect(await store.end('f', 'revoked')).toBe(false);
      expect(await store.present('stolen', at(1, ['b']))).toMatchObject({ kind: 'ended', reason: 'reuse_detected' });
    });

    test(`a replica that is away costs its sign-outs, not everybody's answers (${name})`, async () => {
      opened = await redisClients[name](primary.port);
      store = redisStore({ client: opened.client, replicas: 1, deadlineMs: 1_000 });
      const { id } = await newcomer(store, 'f');
      replica.pause();
      await newcomer(store, 'first');
      const logins = Array.from({ length: 6 }, (_, n) => newcomer(store, `login-${n}`));
      await sleep(20);
      expect(outcome(await store.present(id, at(0, ['a'])))).toBe('rotated');
      await Promise.all(logins);
      await expect(store.end(id, 'revoked')).rejects.toThrow(/0 of 1 replicas/);
      replica.resume();
      while (!(await store.end(id, 'revoked').then(() => true, () => false))) await sleep(20);
    });

    test(`a sign-out that no replica had in time is told once one has it (${name})`, async () => {
      opened = await redisClients[name](primary.port);
      store = redisStore({ client: opened.client, replicas: 1, deadlineMs: 2_000 });
      const one = site({ store });
      const browser = new TestBrowser(one);
      await browser.login();
      const told = () => one.events.filter(({ type }) => type === 'ended');
      replica.pause();
      expect((await browser.call('POST', '/logout', {})).status).toBe(503);
      replica.resume();
      while (!/state=online/.test(String(await primary.command('INFO', 'replication')))) await sleep(20);
      expect((await browser.call('POST', '/logout', {})).status).toBe(200);
      expect(told()).toEqual([]);
      await one.clock.advance(5_000);
      while (told().length === 0) await sleep(20);
      expect(told()).toMatchObject([{ reason: 'signed_out' }]);
    });
  }
});
