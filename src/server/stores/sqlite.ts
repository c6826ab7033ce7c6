/**
 * The embedded default: one machine, any number of processes on one file, durable.
 *
 * SQLite calls are synchronous. A read takes about 10 µs, a write without waiting for the disk about 30 µs. Only
 * commits of families wait for it (0.1 ms on a good SSD to 5 ms on a cloud volume), and those that arrive together
 * share one wait. A file that another process has locked is waited for asynchronously.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerClock, type ServerRandom, systemClock, systemRandom } from '../clock.js';
import { checkNames } from '../config/names.js';
import type { Store } from '../store.js';
import type { SqliteDriverName } from './sqlite/driver.js';
import { sqliteEvents } from './sqlite/events.js';
import { sqliteFamilies } from './sqlite/families.js';
import { groupCommit } from './sqlite/group-commit.js';
import { groupRead } from './sqlite/group-read.js';
import { sqliteLeases } from './sqlite/leases.js';
import { sqliteNotes } from './sqlite/notes.js';
import { openSqlite } from './sqlite/open.js';
import { patience } from './sqlite/patience.js';
import { sweepRegularly } from './sqlite/sweep.js';

/** Which file, and how it is opened. */
export interface SqliteStoreOptions {
  /** Path of the database; created, readable by its owner only, when it does not exist. On a local disk. */
  file: string;
  /** Default: `node:sqlite` where the runtime has it, else the package `libsql`. The file is the same. */
  driver?: SqliteDriverName;
  /** Default: the clock of this machine. */
  clock?: ServerClock;
  /** Default: WebCrypto. */
  random?: ServerRandom;
}

const OPTIONS: Readonly<Record<keyof SqliteStoreOptions, true>> = { file: true, driver: true, clock: true, random: true };

/**
 * Keeps everything in one SQLite file (WAL, `synchronous=FULL`). Opens it at once.
 * @throws MisconfiguredError when the library is missing, or the file cannot be used; the text says what to do.
 * @example
 * const store = sqliteStore({ file: './tabaton.db' });
 */
export function sqliteStore(options: SqliteStoreOptions): Store {
  checkNames(options, OPTIONS);
  const clock = options.clock ?? systemClock();
  const random = options.random ?? systemRandom();
  const now = () => clock.now();
  const file = openSqlite(options.file, options.driver);
  const waits = patience(sleep, random);
  const commits = groupCommit(file.durable, waits);
  const events = sqliteEvents(file.quick, waits, clock);
  const stopSweeping = sweepRegularly(file.quick, clock);

  return {
    now: async () => now(),
    ...sqliteFamilies(file, commits, groupRead(file.durable, waits), waits, now),
    ...sqliteLeases(file.quick, waits, clock, random),
    append: events.append,
    tail: events.tail,
    ...sqliteNotes(file.quick, waits, now),
    async close() {
      stopSweeping();
      events.close();
      await commits.drained();
      file.close();
    },
  };
}
