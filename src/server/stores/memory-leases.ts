/** Leases in one process: first come, first served; a dead holder's lease lapses. */
import type { Cancel, ServerClock } from '../clock.js';
import type { Lease, Store } from '../store.js';

interface Waiter {
  wake(): void;
}

export function memoryLeases(clock: ServerClock): { acquire: Store['acquire']; close(): void } {
  const held = new Map<string, { owner: symbol; until: number }>();
  const waiting = new Map<string, Waiter[]>();

  function grab(name: string, ttlMs: number): Lease | undefined {
    const holder = held.get(name);
    if (holder && holder.until > clock.now()) return undefined;
    const owner = Symbol(name);
    held.set(name, { owner, until: clock.now() + ttlMs });
    const mine = () => {
      const current = held.get(name);
      return current?.owner === owner && current.until > clock.now();
    };
    return {
      async renew(ms) {
        if (!mine()) return false;
        held.set(name, { owner, until: clock.now() + ms });
        return true;
      },
      async release() {
        if (!mine()) return;
        held.delete(name);
        waiting.get(name)?.[0]?.wake();
      },
    };
  }

  function acquire(name: string, { ttlMs, waitMs }: { ttlMs: number; waitMs: number }): Promise<Lease | undefined> {
    const granted = grab(name, ttlMs);
    if (granted || waitMs <= 0) return Promise.resolve(granted);
    return new Promise((resolve) => {
      const deadline = clock.now() + waitMs;
      let cancel: Cancel = () => {};
      const queue = waiting.get(name) ?? [];
      waiting.set(name, queue);
      const waiter: Waiter = { wake };
      queue.push(waiter);

      function leave(lease: Lease | undefined): void {
        cancel();
        queue.splice(queue.indexOf(waiter), 1);
        if (queue.length === 0) waiting.delete(name);
        resolve(lease);
      }
      function wake(): void {
        cancel();
        const lease = grab(name, ttlMs);
        const left = deadline - clock.now();
        if (lease || left <= 0) return leave(lease);
        // A holder that died releases nothing: look again when its lease lapses.
        const lapses = (held.get(name)?.until ?? 0) - clock.now();
        cancel = clock.after(Math.max(1, Math.min(left, lapses)), wake);
      }
      wake();
    });
  }

  return {
    acquire,
    close() {
      for (const queue of waiting.values()) for (const { wake } of [...queue]) wake();
    },
  };
}
