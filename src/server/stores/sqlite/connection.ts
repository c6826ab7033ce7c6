/** One connection: statements prepared once, and failures in the store's words. */
import { StoreUnavailableError } from '../../store.js';
import { isBusy, type SqliteDatabase, type SqlValue } from './driver.js';

export interface SqliteConnection {
  /** Runs a statement and says how many rows it changed. */
  run(sql: string, ...values: SqlValue[]): number;
  /** The rows of a query, or of a statement with RETURNING. */
  rows<Row>(sql: string, ...values: SqlValue[]): Row[];
  /** The first of them. */
  row<Row>(sql: string, ...values: SqlValue[]): Row | undefined;
  /** Leaves a transaction, if there still is one: some failures have ended it already. */
  rollback(): void;
  close(): void;
}

/** Another process writes at this very moment. */
export class SqliteBusyError extends StoreUnavailableError {}

export function sqliteConnection(database: SqliteDatabase): SqliteConnection {
  const prepared = new Map<string, ReturnType<SqliteDatabase['prepare']>>();
  let open = true;

  function statement(sql: string) {
    // A closed libsql connection goes on answering, as if nothing had happened.
    if (!open) throw new StoreUnavailableError('The SQLite store is closed.');
    let found = prepared.get(sql);
    if (!found) prepared.set(sql, (found = database.prepare(sql)));
    return found;
  }
  function guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      if (isBusy(error)) throw new SqliteBusyError('The SQLite file is locked by another process.', { cause: error });
      throw new StoreUnavailableError(`SQLite failed: ${(error as Error).message}`, { cause: error });
    }
  }
  return {
    run: (sql, ...values) => guarded(() => Number(statement(sql).run(...values).changes)),
    rows: <Row>(sql: string, ...values: SqlValue[]) => guarded(() => statement(sql).all(...values) as Row[]),
    row: <Row>(sql: string, ...values: SqlValue[]) => guarded(() => (statement(sql).get(...values) ?? undefined) as Row | undefined),
    rollback() {
      try {
        database.exec('ROLLBACK');
      } catch {
        // There was none, or the connection is gone: either way nothing of it stays.
      }
    },
    close() {
      if (!open) return;
      open = false;
      prepared.clear();
      database.close();
    },
  };
}

/** SQLite ends a bound text at its first NUL, so such a text gets another spelling. */
export function textKey(key: string): string {
  return key.includes('\0') ? JSON.stringify(key) : key;
}
