/** The peer's storage adapter on either store: one row or key per model instance, as its documentation describes it. */
import { createRequire } from 'node:module';
import { redisClients } from '../../src/server/testing/redis-clients.js';
import type { ServeSettings } from './words.js';

type Payload = Record<string, unknown> & { grantId?: string; consumed?: number };

export async function openRows(store: ServeSettings['store']) {
  if (store === 'memory') throw new Error('The peer is measured on a store that lasts.');
  return 'file' in store ? sqliteRows(store.file) : redisRows(store.port);
}

function sqliteRows(file: string) {
  const Database = createRequire(import.meta.url)('libsql');
  const db = new Database(file);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000');
  db.exec('CREATE TABLE IF NOT EXISTS rows (id TEXT PRIMARY KEY, payload TEXT, grant_id TEXT) WITHOUT ROWID');
  db.exec('CREATE INDEX IF NOT EXISTS by_grant ON rows (grant_id)');
  const put = db.prepare('INSERT INTO rows (id, payload, grant_id) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET payload = excluded.payload');
  const get = db.prepare('SELECT payload FROM rows WHERE id = ?');
  const drop = db.prepare('DELETE FROM rows WHERE id = ?');
  const dropGrant = db.prepare('DELETE FROM rows WHERE grant_id = ?');
  const consume = db.prepare("UPDATE rows SET payload = json_set(payload, '$.consumed', ?) WHERE id = ?");
  return class {
    constructor(readonly model: string) {}
    async upsert(id: string, payload: Payload) {
      put.run(`${this.model}:${id}`, JSON.stringify(payload), payload.grantId ?? null);
    }
    async find(id: string) {
      const row = get.get(`${this.model}:${id}`) as { payload: string } | undefined;
      return row && JSON.parse(row.payload);
    }
    async consume(id: string) {
      consume.run(Math.floor(Date.now() / 1_000), `${this.model}:${id}`);
    }
    async destroy(id: string) {
      drop.run(`${this.model}:${id}`);
    }
    async revokeByGrantId(grantId: string) {
      dropGrant.run(grantId);
    }
    async findByUid() {}
    async findByUserCode() {}
  };
}

async function redisRows(port: number) {
  const { client } = (await redisClients.ioredis(port)) as unknown as { client: import('ioredis').Redis };
  return class {
    constructor(readonly model: string) {}
    #key(id: string) {
      return `peer:${this.model}:${id}`;
    }
    async upsert(id: string, payload: Payload, expiresIn?: number) {
      const multi = client.multi();
      const key = this.#key(id);
      multi.hset(key, 'payload', JSON.stringify(payload));
      if (expiresIn) multi.expire(key, expiresIn);
      if (payload.grantId) {
        multi.rpush(`peer:grant:${payload.grantId}`, key);
        if (expiresIn) multi.expire(`peer:grant:${payload.grantId}`, expiresIn);
      }
      await multi.exec();
    }
    async find(id: string) {
      const { payload, consumed } = await client.hgetall(this.#key(id));
      return payload ? { ...JSON.parse(payload), ...(consumed ? { consumed: Number(consumed) } : {}) } : undefined;
    }
    async consume(id: string) {
      await client.hset(this.#key(id), 'consumed', Math.floor(Date.now() / 1_000));
    }
    async destroy(id: string) {
      await client.del(this.#key(id));
    }
    async revokeByGrantId(grantId: string) {
      const keys = await client.lrange(`peer:grant:${grantId}`, 0, -1);
      if (keys.length > 0) await client.del(...keys);
    }
    async findByUid() {}
    async findByUserCode() {}
  };
}
