/** Several processes on one store: what one process alone can never show. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newFamily } from '../families/family.js';
import type { Store } from '../store.js';
import { bundleForNode, type NodeBundle, type NodeProcess, startNode } from '../testing/node-process.js';
import { type RedisServer, startRedis } from '../testing/redis-server.js';
import { openStore, type StoreSpec } from '../testing/store-spec.js';
import type { Job, Report, WorkerOptions } from '../testing/store-worker.js';

type Worker = NodeProcess<{ go: true }, Report>;

let bundle: NodeBundle;
let redis: RedisServer;
let folder: string;
beforeAll(async () => {
  [bundle, redis] = await Promise.all([bundleForNode('src/server/testing/store-worker.ts'), startRedis()]);
}, 60_000);
afterAll(async () => {
  bundle.remove();
  await redis.close();
});

const kinds: { name: string; spec: () => StoreSpec }[] = [
  { name: 'SQLite', spec: () => ({ kind: 'sqlite', file: join(folder, 'store.db') }) },
  { name: 'Redis through ioredis', spec: () => ({ kind: 'redis', client: 'ioredis', port: redis.port }) },
  { name: 'Redis through redis', spec: () => ({ kind: 'redis', client: 'redis', port: redis.port }) },
];

for (const { name, spec } of kinds) {
  describe(name, { timeout: 120_000 }, () => {
    let store: Store;
    let workers: Worker[] = [];
    beforeEach(async () => {
      folder = mkdtempSync(join(tmpdir(), 'tabaton-processes-'));
      await redis.command('FLUSHALL');
      store = await openStore(spec());
    });
    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.kill()));
      workers = [];
      await store.close();
      rmSync(folder, { recursive: true });
    });

    /** Opens all at the same moment, waits until each has, and lets them go together. */
    async function start(count: number, job: Job): Promise<Worker[]> {
      workers = Array.from({ length: count }, (_, i) => {
        const options: WorkerOptions = { name: `process-${i}`, store: spec(), job };
        return startNode<{ go: true }, Report>(bundle, options);
      });
      for (const worker of workers) expect(await worker.next()).toEqual({ kind: 'ready' });
      for (const worker of workers) worker.send({ go: true });
      return workers;
    }
    async function families(count: number, dueAt: number | null = null): Promise<string[]> {
      const at = await store.now();
      const ids = Array.from({ length: count }, (_, i) => `family-${i}`);
      await Promise.all(
        ids.map((id) =>
          store.create({
            ...newFamily({
              id, sid: id, client: 'web', credential: 'cookie', origin: 'o', sub: 'ada', claims: {}, scopes: [], label: null,
              parent: null, salt: 's', indexes: [], createdAt: at, absoluteExpiry: at + 1e9, idleMs: 1e9,
            }),
            dueAt,
          }),
        ),
      );
      return ids;
    }

    test('8 processes present the same cookie of 200 families: one rotation each, 1,400 races', async () => {
      const ids = await families(200);
      const started = await start(8, { kind: 'present', families: ids });
      const outcomes = new Map<string, string[]>(ids.map((id) => [id, []]));
      for (const worker of started) {
        const answer = await worker.next();
        if (answer.kind !== 'presented') throw new Error(answer.kind);
        for (const [id, outcome] of Object.entries(answer.outcomes)) outcomes.get(id)!.push(outcome);
      }
      for (const [id, seen] of outcomes) expect(seen.toSorted(), id).toEqual([...Array<string>(7).fill('raced'), 'rotated']);
      for (const id of ids) expect(await store.read(id)).toMatchObject({ rot: 1, gen: 1, state: 'active' });
    });

    test('4 processes claim 2,000 due families: each goes to one of them', async () => {
      const ids = await families(2_000, (await store.now()) + 1_000);
      const started = await start(4, { kind: 'claim' });
      const claimed: string[] = [];
      for (const worker of started) {
        const answer = await worker.next();
        if (answer.kind !== 'claimed') throw new Error(answer.kind);
        claimed.push(...answer.ids);
      }
      expect(claimed.toSorted()).toEqual(ids.toSorted());
    });

    test('a process killed between two rotations has lost none that was acknowledged', async () => {
      const [id] = await families(1);
      const [worker] = await start(1, { kind: 'rotate', family: id! });
      let acknowledged = 0;
      for await (const answer of worker!.messages()) {
        if (answer.kind !== 'rotated') throw new Error(answer.kind);
        acknowledged = answer.rot;
        if (acknowledged === 50) await worker!.kill();
      }
      expect(acknowledged).toBeGreaterThanOrEqual(50);
      const { rot } = (await store.read(id!))!;
      // The last one may have been carried out while its acknowledgement died with the process.
      expect([acknowledged, acknowledged + 1]).toContain(rot);
    });
  });
}
