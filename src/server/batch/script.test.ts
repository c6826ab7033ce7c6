/** A script has nothing else that keeps its process alive: it must not end in the middle of what it waits for. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleForNode, type NodeBundle } from '../testing/node-process.js';
import { KEY } from '../testing/site.js';

let bundle: NodeBundle;
beforeAll(async () => {
  bundle = await bundleForNode('src/server/index.ts');
}, 60_000);
afterAll(() => bundle.remove());

const SCRIPT = `
import { createTokenManager, memoryStore, StoreUnavailableError } from './entry.mjs';
const memory = memoryStore();
let refused = 0;
const store = { ...memory, commit: async (...what) => {
  if (refused++ < 2) throw new StoreUnavailableError('Away.');
  return memory.commit(...what);
} };
const tokens = (expiresInMs) => ({ accessToken: 'a', refreshToken: 'r', expiresInMs });
const manager = createTokenManager({ store, keys: ${JSON.stringify(KEY)}, batchCallsPerSecond: 5, mintGapMs: 0, upstream: { grant: async () => tokens(1_000), refresh: async () => tokens(3_600_000) } });
for (let n = 0; n < 8; n += 1) await manager.get({ client: 'c', user: String(n) }, { minTtl: 0 });
await new Promise((resolve) => setTimeout(resolve, 600));
console.log(JSON.stringify(await manager.refreshDue({ parallel: 1 })));
`;

test('refreshDue comes to its end, through the pace of its calls and a store that is away for a moment', { timeout: 60_000 }, () => {
  const script = join(dirname(bundle.file), 'script.mjs');
  writeFileSync(script, SCRIPT);
  const { stdout, status } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ claimed: 8, refreshed: 8, failed: 0 });
});
