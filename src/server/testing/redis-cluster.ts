/** A Redis cluster of two primaries on loopback: what one script touches must live on one of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.js';
import { type RedisServer, startRedis } from './redis-server.js';

export interface RedisCluster {
  readonly nodes: readonly RedisServer[];
  clear(): Promise<void>;
  close(): Promise<void>;
}

const SLOTS = 16_384;

export async function startRedisCluster(): Promise<RedisCluster> {
  const buses = [await freePort(), await freePort()];
  const nodes = await Promise.all(
    buses.map((bus) => startRedis(['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '2000'])),
  );
  for (const [at, node] of nodes.entries()) {
    const [from, to] = [(SLOTS / 2) * at, (SLOTS / 2) * (at + 1) - 1];
    await node.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
  }
  await nodes[0]!.command('CLUSTER', 'MEET', '127.0.0.1', String(nodes[1]!.port), String(buses[1]));
  for (const node of nodes) {
    while (!/cluster_state:ok[^]*cluster_known_nodes:2/.test(String(await node.command('CLUSTER', 'INFO')))) await sleep(50);
  }
  return {
    nodes,
    async clear() {
      for (const node of nodes) await node.command('FLUSHALL');
    },
    async close() {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}
