/**
 * A browser without a thief, as a transition system around the real `present`.
 *
 * Tabs that do not coordinate at all (safety may not depend on the lock), one cookie jar that reaches
 * the disk late, one durable ledger with one attempt id, a network that loses, delays and reorders, a
 * browser that resends a POST by itself and is killed, a store that rolls back.
 * Time is counted in units; a message may arrive after any number of ticks up to its limit.
 *
 * Nothing bounds the run: rotation numbers are kept relative to the store's, ids are renamed in the
 * order the store and the ledger know them, ages stop where no rule distinguishes them any more. So the
 * states are finite although the session is endless; only the faults are counted.
 */
import { present } from '../rotation.js';
import { canonicalizer } from './browser-canonical.js';
import {
  AGE, AHEAD, ANSWER, CLOSES, COOKIE, DIRTY, DISK, EMPTY, GHOST, HEALED, IDS, JAR, KILLS, KIND, LABELS, LEDGER, LEDGERS, MINTED, ORPHAN,
  ORPHAN_ANSWER, REPLY, REQUEST, RESENDS, ROLLBACKS, SENT, SETTLED, SHADOW, SHOWN, SHADOW_AGE, SHADOW_BEHIND, SHADOW_HEALED, SLOT, SLOTS, TRANSIT,
  answerName, at, cookieName, familyOf, flush, idName, rollBack, slotAt, snapshot, storeFamily,
} from './browser-row.js';
import type { System } from './search.js';
import type { Present } from './variants.js';

export interface BrowserConfig {
  readonly tabs: number;
  readonly kills: number;
  readonly resends: number;
  /** Tabs closed mid-refresh, whose keepalive request lives on. */
  readonly closes: number;
  readonly rollbacks: number;
  /** In units. D: abort deadline, Q: transit, C and M: the rotation's limits, F: cookie flush, O: life of an orphaned reply. */
  readonly D: number;
  readonly Q: number;
  readonly C: number;
  readonly M: number;
  readonly F: number;
  readonly O: number;
  /** Ledgers that share the one cookie. More than one is a refuted variant. */
  readonly ledgers: 1 | 2;
  /** Which id a client files: the one the server says has won, or (refuted) its own on every success. */
  readonly files: 'winning' | 'completed';
  /** Winners a ledger keeps. */
  readonly remembers: number;
  readonly present: Present;
}

export const browser: BrowserConfig = {
  tabs: 2, kills: 0, resends: 0, closes: 0, rollbacks: 0,
  D: 1, Q: 1, C: 2, M: 4, F: 3, O: 4,
  ledgers: 1, files: 'winning', remembers: SHOWN - 1, present,
};

export function browserWorld(config: BrowserConfig): System {
  const slots = config.tabs * (1 + config.kills) + config.resends + config.closes * 2;
  const width = Math.ceil((SLOTS + slots * SLOT) / 4) * 4;
  const oldest = Math.max(config.M, config.C + 1);
  const next = new Uint8Array(width);
  const canonical = canonicalizer(config, slots, width);

  function initial(emit: (row: Uint8Array) => void): void {
    next.fill(0);
    next[JAR] = next[DISK] = AHEAD;
    next[KILLS] = config.kills;
    next[RESENDS] = config.resends;
    next[CLOSES] = config.closes;
    next[ROLLBACKS] = config.rollbacks;
    emit(next);
  }

  function successors(row: Uint8Array, emit: (next: Uint8Array, label: () => string, violation: string | null) => void): void {
    const go = (label: () => string): void => emit(next, label, null);
    let listening = 0;
    let free = -1;
    for (let slot = 0; slot < slots; slot += 1) {
      const kind = at(row, slotAt(slot) + KIND);
      if (kind === REQUEST || kind === ANSWER) listening += 1;
      if (kind === EMPTY && free < 0) free = slotAt(slot);
    }
    if (listening < config.tabs) {
      for (let ledger = 0; ledger < config.ledgers; ledger += 1) {
        next.set(row);
        send(next, need(free), ledger);
        go(() => `a tab sends cookie ${cookieName(row, at(row, JAR))}${config.ledgers > 1 ? ` with ledger ${ledger + 1}` : ''}`);
      }
    }
    for (let slot = 0; slot < slots; slot += 1) {
      const base = slotAt(slot);
      const kind = at(row, base + KIND);
      if (kind === EMPTY) continue;
      if (kind === REQUEST || kind === GHOST || kind === ORPHAN) deliver(row, base, emit);
      if (kind === ANSWER) {
        next.set(row);
        receive(next, base, true);
        go(() => `the answer lands: ${answerName(row, base)}`);
      }
      if ((kind === ANSWER || kind === ORPHAN_ANSWER) && at(row, base + REPLY) !== 0) {
        next.set(row);
        receive(next, base, false);
        go(() => `only the headers land: ${answerName(row, base)}`);
      }
      if (at(row, RESENDS) > 0 && (kind === REQUEST || kind === ANSWER)) {
        next.set(row);
        resend(next, base, need(free));
        go(() => `the connection dies and the browser resends cookie ${cookieName(row, at(row, base + COOKIE))}`);
      }
      if (at(row, CLOSES) > 0 && (kind === REQUEST || kind === ANSWER)) {
        next.set(row);
        next[CLOSES] = at(row, CLOSES) - 1;
        next[base + KIND] = kind === REQUEST ? ORPHAN : ORPHAN_ANSWER;
        go(() => 'a tab is closed mid-refresh; its keepalive request lives on');
      }
    }
    if (at(row, DIRTY) !== 0) {
      next.set(row);
      flush(next);
      go(() => `the jar is flushed: disk has ${cookieName(row, at(row, JAR))}`);
    }
    if (at(row, KILLS) > 0) {
      next.set(row);
      kill(next);
      go(() => `the browser is killed: jar back to ${cookieName(row, at(row, DISK))}`);
    }
    if (at(row, ROLLBACKS) > 0 && at(row, SHADOW) === 0) {
      next.set(row);
      snapshot(next);
      go(() => 'the replica stops following');
    }
    if (at(row, SHADOW) === 1) {
      next.set(row);
      rollBack(next);
      go(() => `failover: the store forgets ${at(row, SHADOW_BEHIND)} rotation(s)`);
    }
    next.set(row);
    tick(next);
    go(() => '— one unit passes —');
  }

  /** Protocol step 5: the attempt is minted in the update that finds none; ids = [attempt, ...winners]. */
  function send(row: Uint8Array, base: number, ledger: number): void {
    const book = LEDGERS + ledger * SHOWN;
    if (at(row, book) === 0) row[book] = row[MINTED] = at(row, MINTED) + 1;
    row.fill(0, base, base + SLOT);
    row[base + KIND] = REQUEST;
    row[base + COOKIE] = at(row, JAR);
    for (let id = 0; id <= config.remembers; id += 1) row[base + IDS + id] = at(row, book + id);
    row[base + LEDGER] = ledger;
  }

  function deliver(row: Uint8Array, base: number, emit: (next: Uint8Array, label: () => string, violation: string | null) => void): void {
    const kind = at(row, base + KIND);
    const family = familyOf(row);
    const rot = family.rot - (at(row, base + COOKIE) - AHEAD);
    const [attempt, ...winners] = Array.from({ length: SHOWN }, (_, id) => at(row, base + IDS + id)).filter((id, index) => index === 0 || id !== 0);
    const verdict = config.present(
      family,
      { rot, reason: 'expiring', ids: [idName(attempt ?? 0), ...winners.map(idName)], now: 1000, cached: null, minTtlMs: 0 },
      { raceMs: config.C, floorMs: config.M, idleMs: 1e9 },
    );
    const label = (): string =>
      `${kind === GHOST ? 'a forgotten copy' : 'the request'} with cookie ${cookieName(row, at(row, base + COOKIE))} and [${[attempt ?? 0, ...winners].map(idName).join(' ')}] arrives ` +
      `${at(row, AGE)}${at(row, AGE) === oldest ? '+' : ''} unit(s) after the last rotation → ${verdict.decision}`;
    next.set(row);
    storeFamily(next, verdict.next, verdict.next.rot - family.rot);
    const settled = verdict.settled === null ? 0 : (LABELS.get(verdict.settled) ?? 0);
    answer(next, base, kind, verdict.sendCookie, config.files === 'winning' ? settled : (attempt ?? 0));
    const over = verdict.decision === 'reuse' || verdict.decision === 'dead';
    emit(next, label, over ? 'an honest browser was signed out (reuse)' : null);
  }

  function answer(row: Uint8Array, base: number, kind: number, cookie: boolean, settled: number): void {
    const heard = kind !== GHOST && (cookie || (settled !== 0 && kind === REQUEST));
    if (!heard) {
      row.fill(0, base, base + SLOT);
      return;
    }
    row[base + KIND] = kind === REQUEST ? ANSWER : ORPHAN_ANSWER;
    row[base + TRANSIT] = 0;
    row[base + REPLY] = cookie ? AHEAD : 0;
    row[base + SETTLED] = settled;
  }

  function receive(row: Uint8Array, base: number, body: boolean): void {
    const cookie = at(row, base + REPLY);
    if (cookie !== 0 && cookie !== at(row, JAR)) {
      row[JAR] = cookie;
      if (at(row, DIRTY) === 0) row[DIRTY] = 1;
    }
    const book = LEDGERS + at(row, base + LEDGER) * SHOWN;
    const settled = at(row, base + SETTLED);
    if (body && settled !== 0 && settled === at(row, book)) {
      row.copyWithin(book + 1, book, book + config.remembers);
      row[book] = 0;
    }
    row.fill(0, base, base + SLOT);
  }

  function resend(row: Uint8Array, base: number, spare: number): void {
    row[RESENDS] = at(row, RESENDS) - 1;
    if (at(row, base + KIND) === REQUEST) {
      row.copyWithin(spare, base, base + SLOT);
      row[spare + KIND] = GHOST;
    }
    row[base + KIND] = REQUEST;
    row[base + TRANSIT] = 0;
    row[base + REPLY] = 0;
    row[base + SETTLED] = 0;
  }

  function kill(row: Uint8Array): void {
    row[KILLS] = at(row, KILLS) - 1;
    row[JAR] = at(row, DISK);
    row[DIRTY] = 0;
    for (let slot = 0; slot < slots; slot += 1) {
      const base = slotAt(slot);
      const kind = at(row, base + KIND);
      if (kind === REQUEST || kind === ORPHAN) row[base + KIND] = GHOST;
      if (kind === ANSWER || kind === ORPHAN_ANSWER) row.fill(0, base, base + SLOT);
    }
  }

  function tick(row: Uint8Array): void {
    row[AGE] = Math.min(at(row, AGE) + 1, oldest);
    if (at(row, HEALED) !== 0) row[HEALED] = at(row, HEALED) + 1;
    if (at(row, SHADOW) === 1) {
      row[SHADOW_AGE] = Math.min(at(row, SHADOW_AGE) + 1, oldest);
      if (at(row, SHADOW_HEALED) !== 0) row[SHADOW_HEALED] = at(row, SHADOW_HEALED) + 1;
    }
    if (at(row, DIRTY) !== 0) {
      if (at(row, DIRTY) > config.F) flush(row);
      else row[DIRTY] = at(row, DIRTY) + 1;
    }
    for (let slot = 0; slot < slots; slot += 1) {
      const base = slotAt(slot);
      const kind = at(row, base + KIND);
      if (kind === EMPTY) continue;
      const sent = at(row, base + SENT) + 1;
      row[base + SENT] = sent;
      const waits = kind === REQUEST || kind === GHOST || kind === ORPHAN;
      if (waits) row[base + TRANSIT] = at(row, base + TRANSIT) + 1;
      const late = waits && at(row, base + TRANSIT) > config.Q;
      const abandoned = sent > (kind === ORPHAN || kind === ORPHAN_ANSWER ? config.O : config.D);
      if (late || (abandoned && !waits)) row.fill(0, base, base + SLOT);
      else if (abandoned) row[base + KIND] = GHOST;
    }
  }

  function need(free: number): number {
    if (free < 0) throw new Error('The model has too few slots for its messages: a run would not be exhaustive.');
    return free;
  }

  return { width, canonical, initial, successors };
}
