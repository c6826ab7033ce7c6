/** How the virtual platform behaves: latencies and rates of faults, all drawn from the seed. */
import type { Range } from './prng.js';

/**
 * Whose back/forward cache is imitated. They differ in what becomes of a Web Lock, and of a request:
 * `chromium` (146 and later) caches its holder and keeps the lock, so that waiters starve;
 * `firefox` does not cache a page that holds or awaits one;
 * `webkit` drops the locks and tells the page only after it was restored, and never what became of a request that was out.
 */
export type Engine = 'chromium' | 'firefox' | 'webkit';

/** How likely each fault is, and how long things take. */
export interface Conditions {
  engine: Engine;
  /** Ms a message travels between two contexts. */
  messageDelay: Range;
  /** Probability that a message is lost, per receiver. */
  messageLoss: number;
  /** Probability that a message arrives twice, per receiver. */
  messageDuplication: number;
  /** False: messages of one sender reach one receiver in order, as BroadcastChannel has it. */
  messageReordering: boolean;
  /** Ms from the grant of a lock until its context learns of it. */
  grantDelay: Range;
  /** Ms from the death of a context until its locks are free. */
  deathDelay: Range;
  /** Ms until a ledger operation takes effect, and again until its caller learns of it. */
  ledgerDelay: Range;
  /** Probability that a ledger operation rejects. */
  ledgerFailure: number;
  /** Ms one way to the server, and one way back. */
  networkDelay: Range;
  /** Ms after which the cookie jar and the not yet durable ledger writes are on disk. */
  flushDelay: number;
}

/** A network and a machine on which nothing goes wrong. */
export const calm = (): Conditions => ({
  engine: 'chromium',
  messageDelay: [0.2, 2],
  messageLoss: 0,
  messageDuplication: 0,
  messageReordering: false,
  grantDelay: [0.2, 1.5],
  deathDelay: [18, 50],
  ledgerDelay: [0.3, 3],
  ledgerFailure: 0,
  networkDelay: [10, 60],
  flushDelay: 30_000,
});
