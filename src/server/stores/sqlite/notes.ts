/** Counters and short-lived values. */
import type { Store } from '../../store.js';
import { type SqliteConnection, textKey } from './connection.js';
import type { Patience } from './patience.js';

const HIT = `INSERT INTO hit (key, count, reset_at) VALUES (?1, max(0, ?2), ?4)
  ON CONFLICT (key) DO UPDATE SET
    count = max(0, CASE WHEN reset_at <= ?3 THEN ?2 ELSE count + ?2 END),
    reset_at = CASE WHEN reset_at <= ?3 THEN ?4 ELSE reset_at END
  RETURNING count, reset_at`;
const PUT = `INSERT INTO note (key, value, expires_at) VALUES (?1, ?2, ?3)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
  WHERE ?4 = 0 OR note.expires_at <= ?5`;
const GET = 'SELECT value FROM note WHERE key = ? AND expires_at > ?';
const TAKE = 'DELETE FROM note WHERE key = ? RETURNING value, expires_at';

export function sqliteNotes(
  quick: SqliteConnection,
  { retry }: Patience,
  now: () => number,
): Pick<Store, 'hit' | 'put' | 'get' | 'take'> {
  // As JSON, because SQLite would end a text at its first NUL.
  const open = (value: string) => JSON.parse(value) as string;
  return {
    hit: (key, windowMs, by = 1) =>
      retry(() => {
        const at = now();
        const [row] = quick.rows<{ count: number; reset_at: number }>(HIT, textKey(key), by, at, at + windowMs);
        return { count: row!.count, resetMs: row!.reset_at - at };
      }),
    put: (key, value, { ttlMs, ifAbsent }) =>
      retry(() => {
        const at = now();
        return quick.run(PUT, textKey(key), JSON.stringify(value), at + ttlMs, ifAbsent ? 1 : 0, at) === 1;
      }),
    get: (key) =>
      retry(() => {
        const [row] = quick.rows<{ value: string }>(GET, textKey(key), now());
        return row && open(row.value);
      }),
    take: (key) =>
      retry(() => {
        const [row] = quick.rows<{ value: string; expires_at: number }>(TAKE, textKey(key));
        return row && row.expires_at > now() ? open(row.value) : undefined;
      }),
  };
}
