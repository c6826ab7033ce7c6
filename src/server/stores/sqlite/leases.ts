/** Leases over processes: a row whose owner and term change only by compare-and-set. */
import type { ServerClock, ServerRandom } from '../../clock.js';
import { base64url } from '../../encoding.js';
import type { Lease, Store } from '../../store.js';
import { waitForLease } from '../lease-wait.js';
import { type SqliteConnection, textKey } from './connection.js';
import type { Patience } from './patience.js';

/** Releases in other processes are seen by looking: a read of one row, about 10 µs. */
const POLL_MS = 50;

const TAKE = `INSERT INTO lease (name, owner, until) VALUES (?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE lease.until <= ?`;
const HELD = 'SELECT 1 FROM lease WHERE name = ? AND until > ?';
const RENEW = 'UPDATE lease SET until = ? WHERE name = ? AND owner = ? AND until > ?';
const RELEASE = 'DELETE FROM lease WHERE name = ? AND owner = ?';

export function sqliteLeases(
  quick: SqliteConnection,
  { retry }: Patience,
  clock: ServerClock,
  random: ServerRandom,
): Pick<Store, 'acquire'> {
  const waiting = new Map<string, Set<() => void>>();

  async function take(name: string, ttlMs: number): Promise<Lease | undefined> {
    const owner = base64url(random.bytes(12));
    const taken = await retry(() => {
      const at = clock.now();
      // Most looks find it held: those take no write lock.
      if (quick.rows(HELD, name, at).length > 0) return false;
      return quick.run(TAKE, name, owner, at + ttlMs, at) === 1;
    });
    if (!taken) return undefined;
    return {
      renew: (ms) => retry(() => quick.run(RENEW, clock.now() + ms, name, owner, clock.now()) === 1),
      async release() {
        // A release that fails is a lease that lapses.
        await retry(() => quick.run(RELEASE, name, owner)).catch(() => 0);
        for (const wake of waiting.get(name) ?? []) wake();
      },
    };
  }

  return {
    acquire(given, { ttlMs, waitMs }) {
      const name = textKey(given);
      return waitForLease({
        clock,
        random,
        waitMs,
        pollMs: POLL_MS,
        attempt: () => take(name, ttlMs),
        async onRelease(wake) {
          const wakes = waiting.get(name) ?? new Set();
          waiting.set(name, wakes.add(wake));
          return () => {
            wakes.delete(wake);
            if (wakes.size === 0) waiting.delete(name);
          };
        },
      });
    },
  };
}
