/** Many due families, several processes: each family is refreshed once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startNode } from './cluster.js';
import { SEED_LIFE_MS, type NodeSettings } from './node-words.js';

export interface Drained {
  families: number;
  refreshed: number;
  /** Refresh tokens that were spent more than once. */
  twice: number;
  /** How many each process took. */
  shares: number[];
  ms: number;
}

const KEY = 'ZHVlLWZhbWlsaWVzLW9mLWEtdGVzdC1vbmx5LTAxMjM0NTY3ODk=';

export async function drainDue(file: string, store: NodeSettings['store'], families: number, processes = 4): Promise<Drained> {
  const settings = { store, key: KEY, publicOrigin: 'http://localhost:1', storeDeadlineMs: 60_000 };
  const nodes = await Promise.all(Array.from({ length: processes }, () => startNode(file, settings)));
  try {
    const share = Math.ceil(families / processes);
    await Promise.all(nodes.map((node, at) => node.tell({ do: 'seed', from: at * share, count: Math.min(share, families - at * share) })));
    await sleep(SEED_LIFE_MS / 2 + 100);
    const started = performance.now();
    const words = await Promise.all(nodes.map((node) => node.tell({ do: 'drain' })));
    const ms = Math.round(performance.now() - started);
    const spent = words.map((word) => (word.is === 'drained' ? word.spent : []));
    const all = spent.flat();
    return { families, refreshed: all.length, twice: all.length - new Set(all).size, shares: spent.map(({ length }) => length), ms };
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
  }
}
