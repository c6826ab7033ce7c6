import { StoreUnavailableError } from '../store.js';
import type { SqliteConnection } from '../stores/sqlite/connection.js';
import { patience } from '../stores/sqlite/patience.js';

/** A connection that only notes what it is told, and fails when it is told to. */
export function notebook() {
  const lines: string[] = [];
  const failures = new Map<string, Error[]>();
  const connection: SqliteConnection = {
    run(sql) {
      lines.push(sql);
      const failure = failures.get(sql)?.shift();
      if (failure) throw failure;
      return 0;
    },
    row: () => undefined,
    rows: () => [],
    rollback: () => void lines.push('ROLLBACK'),
    close: () => {},
  };
  return { lines, connection, fail: (sql: string, ...errors: Error[]) => failures.set(sql, errors) };
}
/** Waits for nothing. */
export const eager = patience(async () => {}, { bytes: () => new Uint8Array(0), next: () => 0 });
export const full = new StoreUnavailableError('SQLite failed: database or disk is full');
