import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.js';
import { openEndpoint } from './endpoint.js';
import { Nodes } from './nodes.js';
import { SessionFile } from './session-file.js';

/** What answers below `/auth` on the right stage. */
export interface Backend {
  /** Processes behind one front; 0: the endpoint runs in the demo's own process. */
  readonly nodes: number;
  /** In words, for whoever starts the demo. */
  readonly about: string;
  /** tabaton's endpoint, untouched. A node's answer says which one it was: see {@link NODE_HEADER}. */
  endpoint(request: Request): Promise<Response>;
  /** Ends a node at once, as a power failure would, and starts another in its place. */
  kill(node: number): void;
  close(): Promise<void>;
}

export interface BackendOptions {
  /** Of the page. */
  origin: string;
  /** Access token lifetime in ms. */
  lifetime: number;
  clock: Clock;
}

export async function onSqlite({ origin, lifetime, clock }: BackendOptions): Promise<Backend> {
  const sessions = new SessionFile(clock);
  const endpoint = openEndpoint({ origin, lifetime, clock, store: sessions.store });
  await endpoint.ready();
  return {
    nodes: 0,
    about: 'one process on SQLite, in a temporary folder',
    endpoint,
    kill: () => {},
    close: () => sessions.close(),
  };
}

/** Real processes and a real redis-server, on free ports of loopback. */
export async function onRedis({ origin, lifetime }: BackendOptions, count: number, nodeFile: string): Promise<Backend> {
  // Only here: it finds the server where the tests do, and loads what they need for that.
  const { startRedis } = await import('../../src/server/testing/redis-server.js');
  const redis = await startRedis();
  const nodes = new Nodes(nodeFile, { origin, lifetime, redis: redis.port }, randomBytes(32).toString('base64url'));
  const close = async (): Promise<void> => {
    await nodes.close();
    await redis.close();
  };
  await nodes.start(count).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    nodes: count,
    about: `${count === 1 ? 'one node' : `${count} nodes`} (process ${nodes.processes().join(', ')}) on redis-server, port ${redis.port}`,
    endpoint: (request) => nodes.answer(request),
    kill: (node) => nodes.replace(node),
    close,
  };
}
