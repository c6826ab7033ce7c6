/**
 * One server under load, as a process of its own: our endpoint, or oidc-provider's token endpoint, on the same store with
 * the same durability and the same signature (Ed25519 access tokens). Tells its parent the port and what to present.
 */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEndpoint } from '../../src/server/endpoint.js';
import { nodeListener } from '../../src/server/node.js';
import { memoryStore } from '../../src/server/stores/memory.js';
import { sqliteStore } from '../../src/server/stores/sqlite.js';
import { redisStore } from '../../src/server/stores/redis.js';
import { redisClients } from '../../src/server/testing/redis-clients.js';
import { bare } from './bare.js';
import { peer } from './peer.js';
import type { Presented, ServeSettings } from './words.js';

const KEY = 'YmVuY2gtb25seS1rZXktb2YtdGhpcnR5LXR3by1ieXRlcy1vci1tb3Jl';
const settings = JSON.parse(process.argv[2]!) as ServeSettings;
const PUBLIC = 'http://localhost:3000';

async function open(store: ServeSettings['store']) {
  if (store === 'memory') return memoryStore();
  if ('file' in store) return sqliteStore({ file: store.file });
  return redisStore({ client: (await redisClients.ioredis(store.port)).client, deadlineMs: 60_000 });
}

async function ours(): Promise<{ listener: RequestListener; presented: Presented[] }> {
  const { store } = settings;
  const opened = await open(store);
  const endpoint = createEndpoint({
    publicOrigin: PUBLIC,
    dev: true,
    store: opened,
    keys: KEY,
    authenticate: async (request) => ({ sub: ((await request.json()) as { user: string }).user, scopes: ['read'] }),
    observe: () => {},
    // Rotations of one family may follow each other as fast as the load comes round to it.
    timing: { deadlineMs: 1_000, transitMs: 0, raceMs: 1_000, minRotationMs: 1_001, mintGapMs: 0 },
    limits: { refreshesPerMinute: 1e9, loginFailuresPerMinute: 1e9 },
  });
  const presented: Presented[] = [];
  for (let at = 0; at < settings.families; at += 100) {
    const users = Array.from({ length: Math.min(100, settings.families - at) }, (_, n) => `user-${at + n}`);
    await Promise.all(
      users.map(async (user) => {
        const response = await endpoint(
          new Request(`${PUBLIC}/auth/login`, {
            method: 'POST',
            headers: { 'X-Tabaton': '1', Origin: PUBLIC, 'Content-Type': 'application/json' },
            body: JSON.stringify({ user }),
          }),
        );
        const { gen } = (await response.json()) as { gen: number };
        const cookie = response.headers.getSetCookie().find((line) => line.includes('HttpOnly'))!.split(';')[0]!;
        presented.push({ credential: cookie, gen });
      }),
    );
  }
  return { listener: nodeListener(endpoint), presented };
}

const servers = { ours, peer: () => peer(settings), bare: async () => bare(await open(settings.store), settings.families) };
const { listener, presented } = await servers[settings.who]();
const server = createServer(listener);
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port, presented }));
process.on('message', (word) => {
  if (word === 'memory') {
    const collect = (globalThis as { gc?: () => void }).gc;
    for (let round = 0; round < 4; round += 1) collect?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send!({ rss, heap: heapUsed + external, cpu: process.cpuUsage() });
  }
  if (word === 'cpu') process.send!(process.cpuUsage());
});
process.on('disconnect', () => process.exit(0));
