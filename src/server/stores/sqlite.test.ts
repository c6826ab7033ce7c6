import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vitest from 'vitest';
import { standingClock } from '../testing/standing-clock.js';
import { storeContract } from './contract.js';
import { sqliteStore } from './sqlite.js';
import { nodeSqlite, type SqliteDriverName } from './sqlite/driver.js';

const drivers: SqliteDriverName[] = nodeSqlite() ? ['libsql', 'node:sqlite'] : ['libsql'];

for (const driver of drivers) {
  storeContract(`SQLite through ${driver}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tabaton-'));
    const clock = standingClock();
    const open = () => sqliteStore({ file: join(folder, 'store.db'), driver, clock });
    const [store, peer] = [open(), open()];
    return {
      store,
      peer,
      advance: clock.advance,
      async close() {
        await Promise.all([store.close(), peer.close()]);
        rmSync(folder, { recursive: true });
      },
    };
  }, vitest);
}
