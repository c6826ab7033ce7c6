/**
 * One row for all states that no rule can tell apart: this is what makes an endless session finite.
 * Merging states that differ would hide counterexamples, so every step says why it may.
 */
import {
  ANSWER, COOKIE, DIRTY, DISK, EMPTY, GHOST, HEALED, IDS, JAR, KILLS, KIND, LEDGER, LEDGERS, MINTED, ORPHAN, ORPHAN_ANSWER, RESENDS,
  ROTATION, SENT, SETTLED, SHADOW_HEALED, SHADOW_WON, SHOWN, SLOT, TRANSIT, WON, at, slotAt,
} from './browser-row.js';
import { WINNERS_KEPT } from '../rotation.js';

interface Bounds {
  readonly M: number;
  readonly rollbacks: number;
  readonly files: 'winning' | 'completed';
}

export function canonicalizer(config: Bounds, slots: number, width: number): (row: Uint8Array) => void {
  const names = new Uint8Array(256);
  const order = Array.from({ length: slots }, (_, slot) => slot);
  // Healing files ids in their order and a rollback brings old winners back: there every id counts.
  const idsAreProofs = config.rollbacks === 0 && config.files === 'winning';
  const sorted = new Uint8Array(width);

  return (row) => {
    settleAges(row, config.M);
    // Without a kill to come nobody reads the disk.
    if (at(row, KILLS) === 0) {
      row[DISK] = at(row, JAR);
      row[DIRTY] = 0;
    }
    for (let slot = 0; slot < slots; slot += 1) forgetUnread(row, slotAt(slot));
    if (idsAreProofs) forgetPowerless(row, slots);
    rename(row);
  };

  function rename(row: Uint8Array): void {
    row[ROTATION] = 0;
    names.fill(0);
    let used = 0;
    const see = (label: number): void => {
      if (label !== 0 && names[label] === 0) {
        used += 1;
        names[label] = used;
      }
    };
    for (let id = 0; id < WINNERS_KEPT; id += 1) see(at(row, WON + id));
    for (let id = 0; id < WINNERS_KEPT; id += 1) see(at(row, SHADOW_WON + id));
    for (let id = 0; id < 2 * SHOWN; id += 1) see(at(row, LEDGERS + id));
    // Slots are a multiset: sort them by what is already named, then name the rest in that order.
    for (let slot = 0; slot < slots; slot += 1) {
      order[slot] = slot;
      if (idsAreProofs) sortWinners(row, slotAt(slot) + IDS + 1);
    }
    order.sort((a, b) => compare(row, slotAt(a), slotAt(b)));
    for (let place = 0; place < slots; place += 1) {
      const base = slotAt(order[place] as number);
      for (let id = 0; id < SHOWN; id += 1) see(at(row, base + IDS + id));
      see(at(row, base + SETTLED));
    }
    row[MINTED] = used;
    sorted.set(row);
    for (let place = 0; place < slots; place += 1) {
      const from = slotAt(order[place] as number);
      const to = slotAt(place);
      for (let index = 0; index < SLOT; index += 1) row[to + index] = at(sorted, from + index);
      for (let id = 0; id < SHOWN; id += 1) row[to + IDS + id] = at(names, at(row, to + IDS + id));
      row[to + SETTLED] = at(names, at(row, to + SETTLED));
    }
    for (let id = 0; id < WINNERS_KEPT; id += 1) {
      row[WON + id] = at(names, at(row, WON + id));
      row[SHADOW_WON + id] = at(names, at(row, SHADOW_WON + id));
    }
    for (let id = 0; id < 2 * SHOWN; id += 1) row[LEDGERS + id] = at(names, at(row, LEDGERS + id));
  }

  /** Later ids are a set as long as nothing is healed: the best known first. */
  function sortWinners(row: Uint8Array, from: number): void {
    for (let index = from + 1; index < from + SHOWN - 1; index += 1) {
      const label = at(row, index);
      let to = index;
      while (to > from && at(names, at(row, to - 1)) < at(names, label)) {
        row[to] = at(row, to - 1);
        to -= 1;
      }
      row[to] = label;
    }
  }

  /** Full slots first, so a free slot is always found at the end. */
  function compare(row: Uint8Array, a: number, b: number): number {
    const empty = Number(at(row, a) === EMPTY) - Number(at(row, b) === EMPTY);
    if (empty !== 0) return empty;
    for (let index = 0; index < SLOT; index += 1) {
      const isId = (index >= IDS && index < IDS + SHOWN) || index === SETTLED;
      const left = isId ? at(names, at(row, a + index)) : at(row, a + index);
      const right = isId ? at(names, at(row, b + index)) : at(row, b + index);
      if (left !== right) return left - right;
    }
    return 0;
  }
}

/** Past M healing forgives nothing any more. */
function settleAges(row: Uint8Array, M: number): void {
  if (at(row, HEALED) > M) row[HEALED] = 0;
  if (at(row, SHADOW_HEALED) > M) row[SHADOW_HEALED] = 0;
}

/** Fields of a message that nothing will read again. */
function forgetUnread(row: Uint8Array, base: number): void {
  const kind = at(row, base + KIND);
  if (kind === GHOST) row[base + SENT] = row[base + LEDGER] = 0;
  if (kind === ORPHAN_ANSWER) row[base + SETTLED] = row[base + LEDGER] = 0;
  if (kind === ORPHAN) row[base + LEDGER] = 0;
  if (kind === ORPHAN_ANSWER || (kind === ANSWER && at(row, RESENDS) === 0)) {
    row[base + COOKIE] = 0;
    row[base + TRANSIT] = 0;
    row.fill(0, base + IDS, base + IDS + SHOWN);
  }
}

/** An id in second place or later only ever proves a winner: one that has not won and can no longer win proves nothing. */
function forgetPowerless(row: Uint8Array, slots: number): void {
  for (let ledger = 0; ledger < 2; ledger += 1) {
    for (let id = 1; id < SHOWN; id += 1) forgetUnless(row, LEDGERS + ledger * SHOWN + id, slots);
  }
  for (let slot = 0; slot < slots; slot += 1) {
    const base = slotAt(slot);
    if (at(row, base + KIND) === EMPTY) continue;
    for (let id = 1; id < SHOWN; id += 1) forgetUnless(row, base + IDS + id, slots);
  }
}

function forgetUnless(row: Uint8Array, index: number, slots: number): void {
  const label = at(row, index);
  if (label === 0) return;
  for (let id = 0; id < WINNERS_KEPT; id += 1) if (at(row, WON + id) === label) return;
  for (let ledger = 0; ledger < 2; ledger += 1) if (at(row, LEDGERS + ledger * SHOWN) === label) return;
  for (let slot = 0; slot < slots; slot += 1) if (at(row, slotAt(slot) + IDS) === label) return;
  row[index] = 0;
}
