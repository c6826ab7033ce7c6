/**
 * Two SQLite libraries behind one seam: `node:sqlite` where the runtime has it, else the package `libsql`.
 * Both are synchronous and nearly alike; what differs between them stays in this file.
 */
import { createRequire } from 'node:module';
import { MisconfiguredError } from '../../config/misconfigured.js';

/** The SQLite bindings that can be used. */
export type SqliteDriverName = 'node:sqlite' | 'libsql';
export type SqlValue = string | number | null;

/** What both libraries offer, as far as the store uses it. */
export interface SqliteDatabase {
  prepare(sql: string): {
    run(...values: SqlValue[]): { changes: number | bigint };
    get(...values: SqlValue[]): unknown;
    all(...values: SqlValue[]): unknown[];
  };
  exec(sql: string): unknown;
  close(): unknown;
}

type OpenDatabase = (file: string) => SqliteDatabase;

/**
 * Loads a library now, so that a missing one is said at start.
 * @throws MisconfiguredError naming the command that installs it.
 */
export function loadDriver(name: SqliteDriverName | undefined): OpenDatabase {
  const builtIn = name === 'libsql' ? undefined : nodeSqlite();
  if (builtIn) return builtIn;
  if (name === 'node:sqlite') {
    throw new MisconfiguredError('driver', 'This runtime has no node:sqlite (Node has it from 22.13). Leave the option out to use libsql.');
  }
  return libsql();
}

/** Where the runtime has it: Node 22.13 and newer, Deno. */
export function nodeSqlite(): OpenDatabase | undefined {
  // Not an import: on a Node without it that would fail before anything could be decided.
  const { DatabaseSync } = (process.getBuiltinModule?.('node:sqlite' as 'node:fs') ?? {}) as unknown as {
    DatabaseSync?: new (file: string) => SqliteDatabase;
  };
  return DatabaseSync && ((file) => new DatabaseSync(file));
}

function libsql(): OpenDatabase {
  let Database: new (file: string) => SqliteDatabase;
  try {
    // Loaded at once and only here: who uses another store needs no native package, and no bundler swallows one.
    Database = createRequire(import.meta.url)('libsql') as typeof Database;
  } catch (cause) {
    const missing = (cause as { code?: string }).code === 'MODULE_NOT_FOUND';
    throw new MisconfiguredError(
      'sqliteStore',
      missing
        ? 'The SQLite library is not installed. Run: npm install libsql (or use Node 22.13 or newer, which has one built in).'
        : `The SQLite library does not load on this platform (${(cause as Error).message}). Use Node 22.13 or newer, which has one built in.`,
    );
  }
  return (file) => new Database(file);
}

/** Another connection holds the lock: worth another try, unlike every other failure. */
export function isBusy(error: unknown): boolean {
  const { rawCode, errcode } = error as { rawCode?: number; errcode?: number };
  // SQLITE_BUSY and SQLITE_LOCKED; the extended codes keep them in their low byte.
  const code = (rawCode ?? errcode ?? 0) & 0xff;
  return code === 5 || code === 6;
}
