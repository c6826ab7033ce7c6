/**
 * Locks for where the browser has none: a lease in a ledger record of its own, renewed while it is held,
 * passed on when it is not. Who waits measures with its own monotonic clock how long the record has stood
 * still; nobody's wall clock is compared with anybody's.
 *
 *   A  take ── beat ── beat ──✝
 *   B   queue ······· looks: beat moved · looks: beat moved · still for LEASE → A is gone, B takes
 */
import type { Clock, Held, Ledger, LockManager, LockRequest, Random } from '../../core/ports.js';

export interface LeaseOptions {
  clock: Clock;
  random: Random;
  /** A ledger of its own for each lock name. */
  ledgerOf: (name: string) => Ledger;
  /** Ms without a sign of life after which a holder counts as dead. Default 3 000. */
  lease?: number;
}

/** `beat` counts signs of life of whoever is first: the holder, or the head of the queue. */
interface LeaseRecord {
  holder?: string;
  beat: number;
  queue: string[];
}

const parse = (stored: unknown): LeaseRecord => {
  const { holder, beat, queue } = (stored ?? {}) as Partial<LeaseRecord>;
  return {
    ...(typeof holder === 'string' ? { holder } : {}),
    beat: typeof beat === 'number' ? beat : 0,
    queue: Array.isArray(queue) ? queue.filter((id) => typeof id === 'string').slice(0, 1_000) : [],
  };
};

const without = (record: LeaseRecord, id: string): LeaseRecord => {
  const { holder, ...rest } = record;
  return { ...rest, ...(holder && holder !== id ? { holder } : {}), queue: record.queue.filter((other) => other !== id) };
};

const taken = (record: LeaseRecord, id: string): LeaseRecord => ({ ...without(record, id), holder: id, beat: record.beat + 1 });

/** Who has to show life now. */
const first = ({ holder, queue, beat }: LeaseRecord): string => `${holder ?? queue[0]} ${holder ? beat : ''}`;

const requestLease = (ledger: Ledger, { clock, random, lease = 3_000 }: LeaseOptions, steal?: boolean): LockRequest => {
  const id = random.id();
  let over = false;
  let cancelTimer = () => {};
  let lose!: () => void;
  const lost = new Promise<void>((resolve) => (lose = resolve));

  const change = async (apply: (record: LeaseRecord) => LeaseRecord): Promise<LeaseRecord> =>
    parse(
      await ledger.update((stored) => {
        const record = parse(stored);
        const next = apply(record);
        return next === record ? stored : next;
      }),
    );
  const leave = () => {
    if (over) return;
    over = true;
    cancelTimer();
    // A record that cannot be written expires by itself.
    change((record) => without(record, id)).catch(() => {});
  };

  /** While held: a beat every third of a lease, until released or lost. */
  const keep = (): void => {
    cancelTimer = clock.after(lease / 3, () => {
      change((record) => (record.holder === id ? { ...record, beat: record.beat + 1 } : record)).then(
        (record) => {
          if (over) return;
          if (record.holder === id) return keep();
          over = true;
          lose();
        },
        () => over || keep(),
      );
    });
  };

  let answer!: (held: Held | undefined) => void;
  let refuse!: (error: unknown) => void;
  const granted = new Promise<Held | undefined>((resolve, reject) => {
    answer = resolve;
    refuse = reject;
  });

  let seen = '';
  /** Ms for which the record was seen standing still. A look after a long sleep counts for little: the holder slept, too. */
  let still = 0;
  let looked = clock.monotonic();
  const attempt = async (): Promise<void> => {
    still += Math.min(clock.monotonic() - looked, lease / 3);
    looked = clock.monotonic();
    const stale = still >= lease ? seen : undefined;
    const record = await change((current) => {
      if (over) return current;
      if (steal) return taken(current, id);
      let next = current.queue.includes(id) ? current : { ...current, queue: [...current.queue, id] };
      // Whoever stood still for a whole lease is gone: as holder, or as head that did not take its turn.
      if (stale === first(next)) next = without(next, next.holder ?? next.queue[0]!);
      if (!next.queue.includes(id)) next = { ...next, queue: [...next.queue, id] };
      return !next.holder && next.queue[0] === id ? taken(next, id) : next;
    });
    if (over) return leaveAgain();
    if (record.holder === id) {
      keep();
      return answer({ release: leave, lost });
    }
    if (first(record) !== seen) {
      seen = first(record);
      still = 0;
    }
    const pause = lease / 30;
    cancelTimer = clock.after(pause + random.next() * pause, () => void attempt().catch(refuse));
  };
  /** Aborted while the ledger was being written: take back what may have been taken. */
  const leaveAgain = () => void change((record) => without(record, id)).catch(() => {});

  attempt().catch(refuse);
  return {
    granted,
    abort() {
      leave();
      answer(undefined);
    },
  };
};

export const createLeaseLocks = (options: LeaseOptions): LockManager => {
  /** One for all requests of a lock: each may be a connection to a database, and nobody closes that. */
  const ledgers = new Map<string, Ledger>();
  return {
    request(name, { steal } = {}) {
      const ledger = ledgers.get(name) ?? options.ledgerOf(`${name}/lease`);
      ledgers.set(name, ledger);
      return requestLease(ledger, options, steal);
    },
  };
};
