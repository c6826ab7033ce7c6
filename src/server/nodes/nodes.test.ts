/** The shorter run of `npm run nodes`: real processes, a real Redis, a real provider. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startRedis, type RedisServer } from '../testing/redis-server.js';
import { bundleNode, startCluster, type Cluster } from './cluster.js';
import { drainDue } from './due.js';
import { scenarios } from './scenarios.js';

const LONG = { timeout: 120_000 };
let file: string;
let redis: RedisServer;
let cluster: Cluster;
beforeAll(async () => {
  file = await bundleNode();
  redis = await startRedis();
  cluster = await startCluster(file, { port: redis.port });
}, 120_000);
afterAll(async () => {
  await cluster?.close();
  await redis?.close();
  rmSync(file, { force: true });
});

describe('four processes, one Redis, one provider', () => {
  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', LONG, async (_, scenario) => {
    expect((await scenario.run(cluster, redis)).wrong).toEqual([]);
  });
  test('1,000 due families on 4 processes are each refreshed once', LONG, async () => {
    expect(await drainDue(file, { port: redis.port }, 1_000)).toMatchObject({ refreshed: 1_000, twice: 0 });
  });
});

describe('four processes on one SQLite file', () => {
  test('10 requests on each are 1 refresh', LONG, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tabaton-nodes-'));
    const embedded = await startCluster(file, { file: join(folder, 'nodes.db') });
    try {
      expect((await scenarios[0]!.run(embedded, null)).wrong).toEqual([]);
    } finally {
      await embedded.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
