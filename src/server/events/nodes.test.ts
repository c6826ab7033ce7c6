/** Streams over nodes that share nothing but a store: a SQLite file, a Redis. Their time is the machine's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createEndpoint } from '../endpoint.js';
import type { Store } from '../store.js';
import { redisStore } from '../stores/redis.js';
import { sqliteStore } from '../stores/sqlite.js';
import { eventReader } from '../testing/event-reader.js';
import { redisClients } from '../testing/redis-clients.js';
import { startRedis } from '../testing/redis-server.js';
import { KEY, TestBrowser } from '../testing/site.js';

type Two = { stores: [Store, Store]; close(): Promise<void> };

const shared: Record<string, () => Promise<Two>> = {
  async 'a SQLite file'() {
    const folder = mkdtempSync(join(tmpdir(), 'tabaton-events-'));
    const open = () => sqliteStore({ file: join(folder, 'sessions.db') });
    return { stores: [open(), open()], close: async () => rmSync(folder, { recursive: true }) };
  },
  async 'a Redis'() {
    const server = await startRedis();
    const [one, two] = await Promise.all([redisClients.ioredis(server.port), redisClients.redis(server.port)]);
    const close = async () => {
      one.close();
      two.close();
      await server.close();
    };
    return { stores: [redisStore({ client: one.client }), redisStore({ client: two.client })], close };
  },
};

describe.each(Object.keys(shared))('two nodes on %s', (name) => {
  test('what happens at one is said by the stream at the other, and once', async () => {
    const { stores, close } = await shared[name]!();
    const origin = 'https://app.example';
    const [here, there] = stores.map((store) =>
      createEndpoint({ publicOrigin: origin, keys: KEY, store, observe: () => {}, jitter: 0, authenticate: async () => ({ sub: 'ada' }) }),
    ) as [ReturnType<typeof createEndpoint>, ReturnType<typeof createEndpoint>];
    const browser = new TestBrowser({ endpoint: here, store: stores[0], clock: undefined as never, events: [], origin });
    const { body } = await browser.login();
    const stream = eventReader(await there(browser.request('GET', '/events')));
    expect(await stream.next()).toMatchObject({ event: 'hello', data: { sid: body.sid } });
    await browser.call('POST', '/logout', { scope: 'all' });
    expect(await stream.next()).toMatchObject({ event: 'signed_out', data: { sid: body.sid, reason: 'signed_out' } });
    expect(await stream.next()).toBeUndefined();
    await Promise.all(stores.map((store) => store.close()));
    await close();
  });
});
