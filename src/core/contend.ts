/**
 * Getting the refresh lock, or what makes it needless.
 *
 * The question a waiter asks is "did what I want arrive since I started", never "is the lock free":
 * whatever comes first wins, the lock or the news. Three things keep a waiter from waiting for ever:
 *
 * - It queues anew every 5–10 s. Chromium ≥ 146 keeps the lock of a page in bfcache; a waiter queued
 *   before starves for ten minutes, and asking again is what evicts the cached holder:
 *     A  holds ── bfcache ······································· (600 s)
 *     B     queued ·········│ aborts, asks again │ granted
 * - It leaves the queue when its own page is suspended: a lock granted to a cached page is granted to nobody.
 * - Its patience ends after D + 2 s without any movement of the hold, by its own timer. Then it takes the
 *   hold by compare-and-set; only who wins that steals the lock, so a stuck holder is overtaken once.
 */
import { DEADLINE_MS } from '../contract/wire.js';
import type { Hub } from './hub.js';
import type { Cancel, Held, LockRequest } from './ports.js';
import { takeHold } from './record-moves.js';
import type { LedgerRecord } from './record.js';

const PATIENCE_MS = DEADLINE_MS + 2_000;
/** The first look at the hold, late enough that an ordinary hand-off never costs a read. */
const FIRST_LOOK_MS = 250;
/** A timer this late was not waiting, it was asleep with its context. */
const OVERSLEPT_MS = 2_000;

/** What has to stand still for a holder to count as stuck. */
const movement = ({ hold, tokens, sid }: LedgerRecord): string =>
  [hold.by, hold.seq, sid, ...Object.values(tokens).map((token) => token.generation)].join();

/** Resolves with the lock, or with `undefined` as soon as `needless()`. */
export const contend = (hub: Hub, needless: () => boolean): Promise<Held | undefined> =>
  new Promise((resolve) => {
    const { clock, locks, lifecycle, random } = hub.ports;
    const started = clock.monotonic();
    const timers: Record<string, Cancel> = {};
    let request: LockRequest | undefined;
    let done = false;
    let seen: string | undefined;

    const after = (slot: string, ms: number, run: () => void) => {
      timers[slot]?.();
      timers[slot] = clock.after(ms, run);
    };
    const finish = (held?: Held) => {
      if (done) return held?.release();
      done = true;
      for (const cancel of Object.values(timers)) cancel();
      stopWatching();
      stopListening();
      if (!held) request?.abort();
      resolve(held);
    };
    const ask = (steal?: boolean) => {
      request?.abort();
      const mine = (request = locks.request(hub.names.refresh, { steal }));
      mine.granted.then(
        (held) => held && (mine === request ? finish(held) : held.release()),
        () => {
          hub.problem('locks_unavailable', 'Locks do not work here: refreshes of this origin may overlap, which the endpoint must tolerate.');
          finish({ release() {}, lost: new Promise(() => {}) });
        },
      );
      after('again', 5_000 + random.next() * 5_000, ask);
    };
    const look = (ms: number) => {
      const due = clock.monotonic() + ms;
      after('patience', ms, async () => {
        const record = await hub.ledger.read();
        if (done) return;
        const now = movement(record);
        const calm = seen === now && clock.monotonic() - due < OVERSLEPT_MS && clock.monotonic() - hub.stoleAt >= 2 * DEADLINE_MS;
        seen = now;
        if (!calm) return look(PATIENCE_MS - (ms === FIRST_LOOK_MS ? FIRST_LOOK_MS : 0));
        let won = false;
        await hub.ledger.update((stored) => {
          won = movement(stored) === seen;
          return won ? takeHold(stored, hub.me, clock.wall(), DEADLINE_MS) : stored;
        }, true);
        if (done) return;
        if (won) {
          hub.stoleAt = clock.monotonic();
          hub.emit('overtake', { waited: clock.monotonic() - started });
          ask(true);
        }
        look(PATIENCE_MS);
      });
    };
    const check = () => void (needless() && finish());
    const stopWatching = hub.watch(check);
    const stopListening = lifecycle.listen((event) => {
      if (event === 'suspend') {
        request?.abort();
        for (const cancel of Object.values(timers)) cancel();
      } else if (event === 'resume') {
        ask();
        look(FIRST_LOOK_MS);
      }
    });
    // A prerendered page may never be seen: it waits for `resume`.
    if (lifecycle.active()) {
      ask();
      look(FIRST_LOOK_MS);
    }
    check();
  });
