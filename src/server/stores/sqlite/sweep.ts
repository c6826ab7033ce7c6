/** Removes what has expired, a little at a time; until then every query looks past it. */
import type { Cancel, ServerClock } from '../../clock.js';
import type { SqliteConnection } from './connection.js';

const EVERY_MS = 60_000;
/** Rows per table and pass: a pass holds the write lock for about a millisecond. */
const PASS = 500;
const AGAIN_MS = 100;
const EVENTS_KEPT_MS = 3_600_000;

/** Starts sweeping; several processes on one file may do so at once. */
export function sweepRegularly(quick: SqliteConnection, clock: ServerClock): Cancel {
  let cancel = schedule(EVERY_MS);
  function schedule(ms: number): Cancel {
    return clock.after(ms, () => {
      cancel = schedule(sweep(quick, clock.now()) ? AGAIN_MS : EVERY_MS);
    });
  }
  return () => cancel();
}

/** True when there is more to remove. */
function sweep(quick: SqliteConnection, at: number): boolean {
  try {
    const removed = [
      sweepFamilies(quick, at),
      quick.run('DELETE FROM lease WHERE name IN (SELECT name FROM lease WHERE until <= ? LIMIT ?)', at, PASS),
      quick.run('DELETE FROM event WHERE id IN (SELECT id FROM event WHERE at <= ? LIMIT ?)', at - EVENTS_KEPT_MS, PASS),
      quick.run('DELETE FROM hit WHERE key IN (SELECT key FROM hit WHERE reset_at <= ? LIMIT ?)', at, PASS),
      quick.run('DELETE FROM note WHERE key IN (SELECT key FROM note WHERE expires_at <= ? LIMIT ?)', at, PASS),
    ];
    return removed.includes(PASS);
  } catch {
    // Locked or full: the next pass finds the same rows.
    return false;
  }
}

function sweepFamilies(quick: SqliteConnection, at: number): number {
  quick.run('BEGIN IMMEDIATE');
  try {
    const dead = 'SELECT id FROM family WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ?';
    quick.run(`DELETE FROM family_index WHERE family IN (${dead})`, at, PASS);
    const removed = quick.run(`DELETE FROM family WHERE id IN (${dead})`, at, PASS);
    quick.run('COMMIT');
    return removed;
  } catch (error) {
    quick.rollback();
    throw error;
  }
}
