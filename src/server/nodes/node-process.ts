/**
 * One node of the cluster, as a process of its own: an endpoint on a port, or a worker of the batch. Started by
 * `cluster.ts`, told what to do over the process channel; it ends with its parent.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../clock.js';
import { createEndpoint } from '../endpoint.js';
import { createTokenManager } from '../manager/token-manager.js';
import { nodeListener } from '../node.js';
import type { EndpointEvent } from '../observe.js';
import type { Store } from '../store.js';
import { redisStore } from '../stores/redis.js';
import { sqliteStore } from '../stores/sqlite.js';
import { redisClients } from '../testing/redis-clients.js';
import { SEED_LIFE_MS, type NodeSettings, type NodeTask, type NodeWord } from './node-words.js';

const settings = JSON.parse(process.argv[2]!) as NodeSettings;
const say = (word: NodeWord) => process.send!(word);

let ahead = 0;
const system = systemClock();
const clock = { ...system, now: () => system.now() + ahead };
const events: EndpointEvent[] = [];
const observe = (event: EndpointEvent) => void events.push(event);

async function open(): Promise<Store> {
  if ('file' in settings.store) return sqliteStore({ file: settings.store.file });
  const { client } = await redisClients.ioredis(settings.store.port);
  return redisStore({ client, deadlineMs: settings.storeDeadlineMs ?? 2_000 });
}

const store = await open();
const endpoint = settings.provider
  ? createEndpoint({
      publicOrigin: settings.publicOrigin,
      dev: true,
      store,
      keys: settings.key,
      clock,
      observe,
      timing: settings.timing,
      limits: { refreshesPerMinute: 100_000 },
      upstream: { ...settings.provider, scope: 'openid offline_access read write', authorizationParams: { prompt: 'consent' } },
    })
  : undefined;
const server = createServer(endpoint && nodeListener(endpoint));
server.listen(settings.listen ?? 0, '127.0.0.1', () => say({ is: 'listening', port: (server.address() as AddressInfo).port }));

/** Refresh tokens this process has spent: each must be spent by one process once. */
let spent: string[] = [];
const manager = createTokenManager({
  store,
  keys: settings.key,
  clock,
  observe,
  batchCallsPerSecond: 100_000,
  mintGapMs: 0,
  upstream: {
    grant: async ({ user }) => ({ accessToken: `at ${user}`, refreshToken: `${user}#0`, expiresInMs: SEED_LIFE_MS }),
    refresh: async ({ refreshToken = '' }) => {
      spent.push(refreshToken);
      const [user, number] = refreshToken.split('#') as [string, string];
      return { accessToken: `at ${user}`, refreshToken: `${user}#${Number(number) + 1}`, expiresInMs: 3_600_000 };
    },
  },
});

async function seed(from: number, count: number): Promise<void> {
  for (let at = from; at < from + count; at += 50) {
    const users = Array.from({ length: Math.min(50, from + count - at) }, (_, n) => `user-${at + n}`);
    await Promise.all(users.map((user) => manager.get({ client: 'batch', user }, { minTtl: 0 })));
  }
}

async function drain(): Promise<string[]> {
  spent = [];
  while ((await manager.refreshDue({ limit: 100, parallel: 32 })).claimed > 0);
  return spent;
}

process.on('message', async (task: NodeTask) => {
  switch (task.do) {
    case 'ahead':
      ahead = task.ms;
      return say({ is: 'done' });
    case 'events':
      return say({ is: 'events', events: events.splice(0) });
    case 'seed':
      await seed(task.from, task.count);
      return say({ is: 'done' });
    case 'drain':
      return say({ is: 'drained', spent: await drain() });
  }
});
process.on('disconnect', () => process.exit(0));
