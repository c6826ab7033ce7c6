/**
 * Events over processes: one table, one cursor per process however many tails it serves.
 *
 *     append here ──► row ──► pump at once ──► tails of this process
 *     append there ─► row ──► pump within 250 ms
 *
 * SQLite has one writer at a time, so ids become visible in order and a cursor never skips one.
 */
import type { Cancel, ServerClock } from '../../clock.js';
import type { EventInput, Store, StoredEvent } from '../../store.js';
import { type SqliteConnection, textKey } from './connection.js';
import type { Patience } from './patience.js';

const POLL_MS = 250;
const PAGE = 500;

const APPEND = 'INSERT INTO event (topic, type, data, at) VALUES (?, ?, ?, ?) RETURNING id';
const NEWEST = "SELECT seq AS id FROM sqlite_sequence WHERE name = 'event'";
const SINCE = 'SELECT id, topic, type, data, at FROM event WHERE id > ? ORDER BY id LIMIT ?';
const MISSED = 'SELECT id, topic, type, data, at FROM event WHERE topic = ? AND id > ? AND id <= ? ORDER BY id';

interface EventRow {
  id: number;
  topic: string;
  type: EventInput['type'];
  data: string;
  at: number;
}

export function sqliteEvents(
  quick: SqliteConnection,
  { retry }: Patience,
  clock: ServerClock,
): Pick<Store, 'append' | 'tail'> & { close(): void } {
  const tails = new Map<string, Set<(event: StoredEvent) => void>>();
  let cursor = 0;
  let cancel: Cancel = () => {};

  function deliver(tail: (event: StoredEvent) => void, topic: string, row: EventRow): void {
    const event: StoredEvent = { id: String(row.id), type: row.type, data: JSON.parse(row.data), at: row.at };
    // Never inside a call, and one listener that throws does not silence the others.
    queueMicrotask(() => tails.get(topic)?.has(tail) && tail(event));
  }
  /** Brings every tail of this process up to date. */
  function pump(): void {
    for (let rows: EventRow[] = []; tails.size > 0; ) {
      rows = quick.rows<EventRow>(SINCE, cursor, PAGE);
      for (const row of rows) {
        cursor = row.id;
        for (const tail of tails.get(row.topic) ?? []) deliver(tail, row.topic, row);
      }
      if (rows.length < PAGE) return;
    }
  }
  function poll(): void {
    cancel = clock.after(POLL_MS, () => {
      // A file that cannot be read now is read at the next look.
      void retry(pump).catch(() => {}).then(() => tails.size > 0 && poll());
    });
  }

  return {
    async append(topic, { type, data }) {
      const [row] = await retry(() => quick.rows<{ id: number }>(APPEND, textKey(topic), type, JSON.stringify(data), clock.now()));
      if (tails.size > 0) queueMicrotask(() => void retry(pump).catch(() => {}));
      return String(row!.id);
    },
    async tail(given, after, listen) {
      const topic = textKey(given);
      // A listener of its own per tail, so that stopping one never stops its twin.
      const own = (event: StoredEvent) => listen(event);
      await retry(() => {
        if (tails.size > 0) pump();
        else cursor = quick.rows<{ id: number }>(NEWEST)[0]?.id ?? 0;
        const missed = isId(after) ? quick.rows<EventRow>(MISSED, topic, Number(after), cursor) : [];
        if (tails.size === 0) poll();
        tails.set(topic, (tails.get(topic) ?? new Set()).add(own));
        for (const row of missed) deliver(own, topic, row);
      });
      return () => {
        const listeners = tails.get(topic);
        listeners?.delete(own);
        if (listeners?.size === 0) tails.delete(topic);
        if (tails.size === 0) cancel();
      };
    },
    close() {
      tails.clear();
      cancel();
    },
  };
}

/** Browsers hand back what they were given, attackers anything. */
function isId(after: string | undefined): boolean {
  return after !== undefined && /^\d{1,15}$/.test(after);
}
