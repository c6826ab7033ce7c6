/** The ledger as one context uses it: never hangs, survives loss, and remembers what it has seen. */
import type { Ports } from './ports.js';
import { promptly } from './promptly.js';
import { emptyRecord, mergeRecords } from './record-moves.js';
import { parseRecord, SCHEMA, type LedgerRecord } from './record.js';

/** When a store that did not answer is tried again: twice as late each time, for four minutes. */
const AGAIN_MS = 500;

export interface SharedLedger {
  /** The last record this context has seen: what is known when the store stays silent. */
  readonly seen: LedgerRecord;
  /** False while the store cannot be used and this context is on its own. */
  readonly shared: boolean;
  read(): Promise<LedgerRecord>;
  /** One atomic change; `change` must be pure. Returning its argument writes nothing. */
  update(change: (record: LedgerRecord) => LedgerRecord, durable?: boolean): Promise<LedgerRecord>;
  /**
   * One atomic change, and what it came to. `early` hears of that when the store has had it made and is writing: nobody else
   * reads or changes the record before that is over. It is not called where the store does not answer.
   */
  decide<T>(move: (record: LedgerRecord) => [LedgerRecord, T], durable: boolean, early: (found: T) => void): Promise<T>;
}

export const createSharedLedger = (
  { ledger, clock, random }: Pick<Ports, 'ledger' | 'clock' | 'random'>,
  report: (code: 'ledger_unavailable' | 'ledger_newer') => void,
  /** The store answers again: what the others wrote meanwhile was not seen. `paid`: nor could they see what this context has written now. */
  recovered: (paid: boolean) => void,
): SharedLedger => {
  let seen = emptyRecord(random.id());
  let shared = true;
  let fresh = true;
  /**
   * Something is known here and not stored: another object each time that more is. A write covers what was owed when the
   * store made its change.
   *
   *   write A   made ────────────────────── done: covers what was owed then, not B
   *   write B          fails: owed
   */
  let owed: object | undefined;
  let asking = false;
  let pause = AGAIN_MS;

  /** What is stored, healed by what this context knows when the record is another one than before. */
  const heal = (stored: unknown): LedgerRecord => {
    const record = parseRecord(stored);
    // Lost: what is written now is another record, so that those who know more than this context notice and add it.
    if (!record) return fresh ? seen : { ...seen, schema: SCHEMA, incarnation: random.id() };
    if (!owed && (fresh || (record.incarnation === seen.incarnation && record.schema <= SCHEMA))) return record;
    // What is stored lacks what we know, until it is written: reading it once does not make it the same record.
    // One that we may not write (a newer version's) is laid over for this context only.
    owed ??= {};
    return mergeRecords(record, seen);
  };

  /**
   * Offers what is owed, and finds out whether the store answers again. The only way to `recovered`, so that a store that
   * fails now and then makes no storm: whoever recovers tells the others, who look at the store, which may fail them.
   */
  const again = (): void => {
    if (asking || pause > AGAIN_MS * 2 ** 9) return;
    asking = true;
    clock.after(pause, async () => {
      asking = false;
      pause *= 2;
      const paid = !!owed;
      await write((record) => record);
      if (owed || !shared) return again();
      pause = AGAIN_MS;
      recovered(paid);
    });
  };

  const note = (record: LedgerRecord | undefined): LedgerRecord => {
    if (shared && !record) report('ledger_unavailable');
    shared = !!record;
    if (!record) again();
    else {
      seen = owed ? mergeRecords(record, seen) : record;
      fresh = false;
    }
    return seen;
  };

  const write = async (change: (record: LedgerRecord) => LedgerRecord, durable?: boolean, made?: () => void): Promise<LedgerRecord> => {
    let result: LedgerRecord | undefined;
    let awaited = true;
    let covers: object | undefined;
    const run = (stored: unknown): unknown => {
      const before = heal(stored);
      covers = owed;
      result = change(before);
      // A newer version may keep promises in fields we do not know: read it, write nothing.
      if (before.schema > SCHEMA) return (report('ledger_newer'), stored);
      if (awaited) made?.();
      return result === before && !owed && before.incarnation === parseRecord(stored)?.incarnation ? stored : result;
    };
    // The store may answer after we have given up on it; then the change is made on what we know, too.
    if (await promptly(clock, ledger.update(run, { durable }).then(() => true))) {
      if (covers === owed) owed = undefined;
      return note(result);
    }
    awaited = false;
    const alone = change(seen);
    note(undefined);
    if (alone !== seen) owed = {};
    return (seen = alone);
  };

  return {
    get seen() {
      return seen;
    },
    get shared() {
      return shared;
    },
    async read() {
      const reading = ledger.read().then(heal);
      const record = await promptly(clock, reading);
      // Late, but the first that is heard of the store: better than to wait for the next look.
      if (!record) reading.then((late) => shared || note(late), () => {});
      return note(record);
    },
    update: (change, durable) => write(change, durable),
    async decide<T>(move: (record: LedgerRecord) => [LedgerRecord, T], durable: boolean, early: (found: T) => void) {
      let found!: T;
      await write(
        (record) => {
          const [next, result] = move(record);
          found = result;
          return next;
        },
        durable,
        () => early(found),
      );
      return found;
    },
  };
};
