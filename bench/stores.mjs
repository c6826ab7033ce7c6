/**
 * node bench/stores.mjs (after npm run build): what one process gets out of a store, beside the memory store in the same run.
 * A rotation is one presentation that rotates and mints; SQLite commits it with synchronous=FULL, so its sequential figure is the
 * disk's. Redis runs on the same machine without persistence, over loopback.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { memoryStore } from '../dist/server/index.js';
import { redisStore } from '../dist/server/redis.js';
import { sqliteStore } from '../dist/server/sqlite.js';
import { redisPath } from '../scripts/browser-path.mjs';

const FAMILIES = 4_000;
const SECONDS = Number(process.env.SECONDS ?? 3);
const PORT = 20_000 + (process.pid % 10_000);
const folder = mkdtempSync(join(tmpdir(), 'tabaton-bench-'));

const token = { key: 'k', have: null, minTtlMs: 0, fresh: false, mintGapMs: 0, lifetimeMs: 900_000 };
const show = (rot, id, more = {}) => ({ rot, ids: [id], reason: 'expiring', raceMs: 20_000, floorMs: 0, token, ...more });

function family(serial, at) {
  const id = `family-${serial}`;
  return {
    id, sid: id, client: 'web', credential: 'cookie', origin: 'https://app.example.com', sub: `user-${serial}`, claims: {},
    scopes: ['openid', 'profile'], label: 'Chrome on Windows', parent: null, salt: 'c2FsdC1mb3ItYmVuY2hlcw', indexes: [`user:${serial}`],
    createdAt: at, absoluteExpiry: at + 9e9, idleMs: 1e9, rot: 0, winners: [], rotatedAt: at, healedAt: null, state: 'active',
    endedReason: null, endedAt: null, idleExpiry: at + 1e9, seenAt: at, gen: 0, tokens: {}, upstream: null, dueAt: null, watchedUntil: null,
  };
}

/** Operations per second of `width` callers over `SECONDS`. */
async function rate(width, operation) {
  const latencies = [];
  const end = performance.now() + SECONDS * 1_000;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: width }, async (_, caller) => {
      for (let turn = 0; performance.now() < end; turn += 1) {
        const before = performance.now();
        await operation(caller, turn);
        latencies.push(performance.now() - before);
      }
    }),
  );
  latencies.sort((a, b) => a - b);
  const perSecond = Math.round((latencies.length / (performance.now() - started)) * 1_000);
  return `${String(perSecond).padStart(7)}/s p99 ${latencies[Math.floor(latencies.length * 0.99)].toFixed(2).padStart(6)} ms`;
}

async function bench(name, store) {
  const at = await store.now();
  await Promise.all(Array.from({ length: FAMILIES }, (_, i) => store.create(family(i, at))));
  const rots = new Array(FAMILIES).fill(0);
  let serial = 0;
  const rotate = (width) => async (caller, turn) => {
    const at = (caller + turn * width) % FAMILIES;
    const rot = rots[at]++;
    const answer = await store.present(`family-${at}`, show(rot, `id-${(serial += 1)}`));
    if (answer.outcome !== 'rotated') throw new Error(`${name}: ${answer.kind} ${answer.outcome}`);
  };
  const cached = async (caller, turn) => {
    const at = (caller + turn * 64) % FAMILIES;
    await store.present(`family-${at}`, show(rots[at], 'id', { reason: 'startup', floorMs: 35_000 }));
  };
  console.log(`${name.padEnd(22)} rotations, 1 caller ${await rate(1, rotate(1))}   64 callers ${await rate(64, rotate(64))}   cached, 64 callers ${await rate(64, cached)}`);
  await store.close();
}

const server = spawn(redisPath(), ['--port', String(PORT), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder], { stdio: 'ignore' });
const ioredis = new Redis({ port: PORT, host: '127.0.0.1' });
const redis = createClient({ socket: { port: PORT, host: '127.0.0.1' } });
try {
  await bench('memory', memoryStore());
  await bench('SQLite (libsql)', sqliteStore({ file: join(folder, 'bench.db'), driver: 'libsql' }));
  await bench('Redis (ioredis)', redisStore({ client: ioredis, prefix: 'one:', deadlineMs: 10_000 }));
  await bench('Redis (redis)', redisStore({ client: redis, prefix: 'two:', deadlineMs: 10_000 }));
} finally {
  ioredis.disconnect();
  if (redis.isOpen) redis.destroy();
  server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
