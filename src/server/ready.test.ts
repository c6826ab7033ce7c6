/** What `ready()` says of a store that cannot be used, and what it keeps to itself. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterEach, describe, expect, test } from 'vitest';
import { MisconfiguredError } from './config/misconfigured.js';
import { createEndpoint } from './endpoint.js';
import { type Store, StoreUnavailableError } from './store.js';
import { memoryStore } from './stores/memory.js';
import { redisStore } from './stores/redis.js';
import { sqliteStore } from './stores/sqlite.js';
import { freePort } from './testing/free-port.js';
import { bundleForNode } from './testing/node-process.js';
import { startRedis } from './testing/redis-server.js';
import { KEY } from './testing/site.js';

const PASSWORD = 'correct-horse';
const clients = {
  ioredis: (url: string) => {
    const client = new Redis(url);
    return { client, close: () => client.disconnect() };
  },
  redis: (url: string) => {
    const client = createClient({ url });
    return { client, close: () => client.destroy() };
  },
};

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const endpointOn = (store: Store) => createEndpoint({ publicOrigin: 'https://app.example', keys: KEY, store, authenticate: async () => null });

async function refusal(store: Store): Promise<Error> {
  const error: unknown = await endpointOn(store).ready({ waitMs: 0 }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(MisconfiguredError);
  expect(error).toMatchObject({ code: 'misconfigured', option: 'store' });
  expect((error as Error).message).toMatch(/^store: cannot be used: .*Start it, correct where and how it is reached/);
  // Node prints a cause with all its fields, and clients put the command there.
  expect((error as Error).cause).toBeUndefined();
  return error as Error;
}

test('a store that works is left as it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tabaton-ready-'));
  closing.push(() => rmSync(folder, { recursive: true }));
  const sqlite = sqliteStore({ file: join(folder, 'store.db') });
  closing.push(() => sqlite.close());
  for (const store of [memoryStore(), sqlite]) {
    const kept: string[] = [];
    await endpointOn({ ...store, put: (key, ...rest) => (kept.push(key), store.put(key, ...rest)) }).ready();
    expect(kept).toHaveLength(1);
    expect(await store.get(kept[0]!)).toBeUndefined();
  }
});

describe.each(Object.entries(clients))('Redis through %s', (_, open) => {
  function storeAt(url: string): Store {
    const { client, close } = open(url);
    const store = redisStore({ client });
    closing.push(close, () => store.close());
    return store;
  }

  test('that is there', async () => {
    const server = await startRedis();
    closing.push(() => server.close());
    await endpointOn(storeAt(server.url)).ready({ waitMs: 0 });
    expect(await server.command('KEYS', '*')).toEqual([]);
  });

  test('that is not there: the address, and no password', async () => {
    const port = await freePort();
    const { message } = await refusal(storeAt(`redis://app:${PASSWORD}@127.0.0.1:${port}`));
    expect(message).toContain(`(ECONNREFUSED 127.0.0.1:${port})`);
    expect(message).not.toContain(PASSWORD);
  });

  test('that wants another password: its word, and not the one that was tried', async () => {
    const server = await startRedis(['--requirepass', 'another']);
    closing.push(() => server.close());
    const { message } = await refusal(storeAt(`redis://:${PASSWORD}@127.0.0.1:${server.port}`));
    expect(message).toContain('WRONGPASS');
    expect(message).not.toContain(PASSWORD);
  });

  test('that only replicates cannot be written', async () => {
    const server = await startRedis(['--replicaof', '127.0.0.1', String(await freePort())]);
    closing.push(() => server.close());
    expect((await refusal(storeAt(server.url))).message).toContain('READONLY');
  });
});

test('a store of somebody else: what it throws may quote anything', async () => {
  const fail = async () => {
    throw Object.assign(new TypeError(`connect postgres://app:${PASSWORD}@db failed`), { cause: PASSWORD });
  };
  expect((await refusal({ ...memoryStore(), put: fail })).message).toContain('cannot be used: TypeError.');
  const told = async () => {
    throw new StoreUnavailableError(`no answer from postgres://app:${PASSWORD}@db`);
  };
  expect((await refusal({ ...memoryStore(), put: told })).message).toContain('no answer from [url].');
});

test('a store that forgets is none', async () => {
  expect((await refusal({ ...memoryStore(), take: async () => undefined })).message).toContain('does not give back what it was given');
});

test('a store that is starting too is waited for', async () => {
  const store = memoryStore();
  let asked = 0;
  const put: Store['put'] = (...note) => {
    asked += 1;
    return asked < 3 ? Promise.reject(new StoreUnavailableError('starting')) : store.put(...note);
  };
  await endpointOn({ ...store, put }).ready({ waitMs: 60_000 });
  expect(asked).toBe(3);
});

test('an application that awaits it ends with the sentence, even when nothing else keeps it alive', { timeout: 60_000 }, async () => {
  const bundle = await bundleForNode('src/server/testing/starting-app.ts');
  closing.push(() => bundle.remove());
  const url = `redis://app:${PASSWORD}@127.0.0.1:${await freePort()}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle.file, url, KEY], { encoding: 'utf8' });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/MisconfiguredError: store: cannot be used: Redis has not answered within 1000 ms \(ECONNREFUSED 127\.0\.0\.1:\d+\)/);
  expect(stderr).not.toContain(PASSWORD);
});
