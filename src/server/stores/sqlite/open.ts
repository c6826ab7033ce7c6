/**
 * Opens the file twice:
 *
 * - `durable` (`synchronous=FULL`): what must survive a power failure: families, rotations, revocations.
 * - `quick` (`synchronous=NORMAL`): what may be forgotten with the machine's memory: leases, events, counters,
 *   notes. It never waits for the disk, and it never runs inside a transaction of the other.
 */
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { MisconfiguredError } from '../../config/misconfigured.js';
import { SqliteBusyError, sqliteConnection, type SqliteConnection } from './connection.js';
import { loadDriver, type SqliteDriverName } from './driver.js';
import { ensureSchema } from './schema.js';

/** How long a statement may block the process while another one writes; beyond it the wait is asynchronous. */
const BLOCK_MS = 20;
/** Pages kept in memory, KiB: enough for the families of some ten thousand users. */
const CACHE_KIB = 16_000;
/**
 * Pages of 4 KiB in the log before they are copied into the file. A busy family's page is written again and again: the longer
 * the log, the fewer copies of it, and the fewer waits for the disk. 32 MiB are read in a moment after a crash.
 */
const LOG_PAGES = 8_000;
/** Opening happens once, at start: then blocking is cheap. */
const OPEN_ATTEMPTS = 250;

export interface SqliteFile {
  durable: SqliteConnection;
  quick: SqliteConnection;
  close(): void;
}

/** @throws MisconfiguredError saying what is wrong with the file. */
export function openSqlite(file: string, driver: SqliteDriverName | undefined): SqliteFile {
  const open = loadDriver(driver);
  if (file === '' || file.startsWith(':memory:')) {
    throw new MisconfiguredError('file', 'The SQLite store needs a path of a file. To keep nothing, use memoryStore().');
  }
  createPrivately(file);
  const connect = (synchronous: 'FULL' | 'NORMAL') => {
    const connection = sqliteConnection(open(file));
    connection.rows(`PRAGMA busy_timeout = ${BLOCK_MS}`);
    try {
      patiently(() => useWal(connection, file));
      connection.run(`PRAGMA synchronous = ${synchronous}`);
      connection.run(`PRAGMA cache_size = -${CACHE_KIB}`);
      connection.rows(`PRAGMA wal_autocheckpoint = ${LOG_PAGES}`);
      patiently(() => ensureSchema(connection, file));
    } catch (error) {
      connection.close();
      if (/not a database/.test((error as Error).message)) {
        throw new MisconfiguredError('file', `${file} is not an SQLite database. Name a file of its own.`);
      }
      throw error;
    }
    return connection;
  };
  const durable = connect('FULL');
  const quick = connect('NORMAL');
  return {
    durable,
    quick,
    close() {
      // libsql lets go of the file at the next garbage collection only; whoever copies it now shall find all in it.
      try {
        durable.rows('PRAGMA wal_checkpoint(TRUNCATE)');
      } catch {
        // Closed before, or locked: the next who opens it finds the log and reads on.
      }
      quick.close();
      durable.close();
    },
  };
}

/** SQLite gives its side files the rights of the main one, so the first process decides for all. */
function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    const { code } = error as { code?: string };
    const what =
      code === 'ENOENT'
        ? 'its folder does not exist. Create it'
        : code === 'EISDIR'
          ? 'that is a folder. Name a file in it'
          : `it cannot be written (${code}). Give this process the right to, or name another place`;
    throw new MisconfiguredError('file', `${file}: ${what}.`);
  }
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch (error) {
    const { code } = error as { code?: string };
    throw new MisconfiguredError('file', `${file}: its folder cannot be written (${code}), and SQLite keeps its log beside the file. Give this process the right to, or name another place.`);
  }
}

function useWal(connection: SqliteConnection, file: string): void {
  const [row] = connection.rows<{ journal_mode: string }>('PRAGMA journal_mode = WAL');
  if (row?.journal_mode !== 'wal') {
    throw new MisconfiguredError('file', `${file} does not allow SQLite's write-ahead log; network file systems do not. Put it on a local disk.`);
  }
}

/** Several processes that start together take turns; some of these locks ignore the busy timeout. */
function patiently(step: () => void): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof SqliteBusyError) || attempt === OPEN_ATTEMPTS) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCK_MS);
    }
  }
}
