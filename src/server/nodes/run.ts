/** The whole run of `npm run nodes`: every scenario, then the due families; one line each, and how many went wrong. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRedis } from '../testing/redis-server.js';
import { bundleNode, startCluster } from './cluster.js';
import { drainDue } from './due.js';
import { scenarios, type Finding } from './scenarios.js';

const FAMILIES = 10_000;

export async function runNodes(root: string, say: (line: string) => void): Promise<number> {
  const file = await bundleNode(root);
  const folder = mkdtempSync(join(tmpdir(), 'tabaton-nodes-'));
  let failed = 0;
  const tell = (name: string, { counts, wrong }: Finding) => {
    if (wrong.length > 0) failed += 1;
    const figures = Object.entries(counts).map(([what, count]) => `${what} ${count}`);
    say(`${wrong.length === 0 ? 'ok  ' : 'FAIL'} ${name}\n       ${figures.join(' · ')}`);
    for (const line of wrong) say(`       ${line}`);
  };
  for (const kind of ['redis', 'sqlite'] as const) {
    say(`\n4 Node processes, ${kind === 'redis' ? 'a real Redis' : 'one SQLite file'}, an unmodified oidc-provider with rotation on`);
    const redis = kind === 'redis' ? await startRedis() : null;
    const store = redis ? { port: redis.port } : { file: join(folder, 'nodes.db') };
    const cluster = await startCluster(file, store);
    try {
      for (const scenario of scenarios) {
        if (scenario.needs === 'redis' && !redis) continue;
        const finding = await scenario.run(cluster, redis).catch((error: unknown) => ({ counts: {}, wrong: [String(error)] }));
        tell(scenario.name, finding);
      }
      // The batch is for several machines; SQLite is for one.
      if (!redis) continue;
      const { refreshed, twice, shares, ms } = await drainDue(file, store, FAMILIES);
      const wrong = refreshed === FAMILIES && twice === 0 ? [] : [`${refreshed} refreshes, ${twice} of them twice`];
      tell(`${FAMILIES} due families on 4 processes are each refreshed once`, { counts: { refreshed, twice, ms }, wrong });
      say(`       taken by each process: ${shares.join(', ')}`);
    } finally {
      await cluster.close();
      await redis?.close();
    }
  }
  rmSync(folder, { recursive: true, force: true });
  rmSync(file, { force: true });
  return failed;
}
