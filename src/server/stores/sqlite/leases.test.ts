import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemRandom } from '../../clock.js';
import { standingClock } from '../../testing/standing-clock.js';
import { sqliteLeases } from './leases.js';
import { openSqlite } from './open.js';
import { patience } from './patience.js';

/**
 *     one    looks: free ───────────── takes ► granted
 *     two    looks: free ── (late) ──────────────── takes ► must be refused by the write itself
 */
test('a lease that was free at the look may be taken at the write', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tabaton-leases-'));
  const file = openSqlite(join(folder, 'store.db'), undefined);
  const clock = standingClock();
  const waits = patience(async () => {}, systemRandom());
  const now = { ttlMs: 60_000, waitMs: 0 };
  const one = sqliteLeases(file.quick, waits, clock, systemRandom());
  const late = sqliteLeases({ ...file.quick, rows: () => [] }, waits, clock, systemRandom());
  expect(await one.acquire('a', now)).toBeDefined();
  expect(await late.acquire('a', now)).toBeUndefined();
  await clock.advance(60_000);
  expect(await late.acquire('a', now)).toBeDefined();
  file.close();
  rmSync(folder, { recursive: true });
});
