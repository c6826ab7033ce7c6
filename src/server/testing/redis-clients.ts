/** Both client libraries, as an application would set them up. */
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import type { RedisClient } from '../stores/redis/client.js';

export interface OpenClient {
  client: RedisClient;
  close(): void;
}

export const redisClients = {
  ioredis: async (port: number): Promise<OpenClient> => {
    const client = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 50 });
    return { client, close: () => client.disconnect() };
  },
  redis: async (port: number): Promise<OpenClient> => {
    const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: 50 } });
    client.on('error', () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
} as const;

export const redisClusterClients: Record<RedisClientName, (ports: readonly number[]) => Promise<OpenClient>> = {
  async ioredis(ports) {
    const client = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })));
    return { client, close: () => client.disconnect() };
  },
  async redis(ports) {
    const client = createCluster({ rootNodes: ports.map((port) => ({ socket: { host: '127.0.0.1', port } })) });
    client.on('error', () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
};

export type RedisClientName = keyof typeof redisClients;
export const redisClientNames = Object.keys(redisClients) as RedisClientName[];
