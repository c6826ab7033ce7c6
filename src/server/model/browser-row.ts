/** How a row of the browser world is laid out, and the operations that need only the row. */
import { MAX_IDS } from '../../contract/wire.js';
import { WINNERS_KEPT, type RotationState } from '../rotation.js';

/** Ids one request shows and winners one ledger keeps, as on the wire. */
export const SHOWN = MAX_IDS;
// Cookies are stored as "behind the newest", shifted by AHEAD so that a rolled-back store fits.
export const AHEAD = 16;
const FAR = 40;
/** Rotations a lagging replica may lose; beyond it never takes over. */
const MAX_LAG = 3;
// Header. ROTATION and MINTED only name things in a trace; the canonical row clears them.
export const ROTATION = 0, MINTED = 1;
export const AGE = 2, HEALED = 3, JAR = 4, DISK = 5, DIRTY = 6, KILLS = 7, RESENDS = 8, CLOSES = 9, ROLLBACKS = 10;
export const SHADOW = 11, SHADOW_BEHIND = 12, SHADOW_AGE = 13, SHADOW_HEALED = 14;
export const WON = 15;
export const SHADOW_WON = WON + WINNERS_KEPT;
export const LEDGERS = SHADOW_WON + WINNERS_KEPT;
export const SLOTS = LEDGERS + 2 * SHOWN;
// One message.
export const KIND = 0, COOKIE = 1, SENT = 2, TRANSIT = 3, REPLY = 4, SETTLED = 5, LEDGER = 6, IDS = 7;
export const SLOT = IDS + SHOWN;
/** What a slot holds. A ghost is a request nobody listens for; an orphan's tab is gone but its Set-Cookie still lands. */
export const EMPTY = 0, REQUEST = 1, ANSWER = 2, GHOST = 3, ORPHAN = 4, ORPHAN_ANSWER = 5;
const ATTEMPTS = Array.from({ length: 256 }, (_, index) => (index === 0 ? 'forgotten' : letters(index - 1)));
export const LABELS = new Map(ATTEMPTS.map((name, index) => [name, index]));

export function slotAt(slot: number): number {
  return SLOTS + slot * SLOT;
}

export function at(row: Uint8Array, index: number): number {
  return row[index] as number;
}

export function idName(label: number): string {
  return ATTEMPTS[label] as string;
}

export function flush(row: Uint8Array): void {
  row[DISK] = at(row, JAR);
  row[DIRTY] = 0;
}

export function snapshot(row: Uint8Array): void {
  row[ROLLBACKS] = at(row, ROLLBACKS) - 1;
  row[SHADOW] = 1;
  row[SHADOW_BEHIND] = 0;
  row[SHADOW_AGE] = at(row, AGE);
  row[SHADOW_HEALED] = at(row, HEALED);
  row.copyWithin(SHADOW_WON, WON, WON + WINNERS_KEPT);
}

export function rollBack(row: Uint8Array): void {
  const lost = at(row, SHADOW_BEHIND);
  row[AGE] = at(row, SHADOW_AGE);
  row[HEALED] = at(row, SHADOW_HEALED);
  row.copyWithin(WON, SHADOW_WON, SHADOW_WON + WINNERS_KEPT);
  forgetShadow(row);
  moveCookies(row, -lost);
}

function forgetShadow(row: Uint8Array): void {
  row.fill(0, SHADOW, SHADOW_HEALED + 1);
  row.fill(0, SHADOW_WON, SHADOW_WON + WINNERS_KEPT);
}

export function familyOf(row: Uint8Array): RotationState {
  const winners: string[] = [];
  for (let id = 0; id < WINNERS_KEPT; id += 1) winners.push(idName(at(row, WON + id)));
  return {
    rot: 500,
    winners,
    rotatedAt: 1000 - at(row, AGE),
    healedAt: at(row, HEALED) === 0 ? null : 1000 - (at(row, HEALED) - 1),
    state: 'active',
    endedReason: null,
    absoluteExpiry: 1e9,
    idleExpiry: 1e9,
  };
}

export function storeFamily(row: Uint8Array, family: RotationState, rotations: number): void {
  row[AGE] = 1000 - family.rotatedAt;
  row[HEALED] = family.healedAt === null ? 0 : 1000 - family.healedAt + 1;
  for (let id = 0; id < WINNERS_KEPT; id += 1) row[WON + id] = LABELS.get(family.winners[id] ?? 'forgotten') ?? 0;
  if (rotations !== 0) moveCookies(row, rotations);
}

/** The newest rotation moved: everybody's distance to it changes. */
function moveCookies(row: Uint8Array, by: number): void {
  row[ROTATION] = at(row, ROTATION) + by;
  row[JAR] = shift(at(row, JAR), by);
  row[DISK] = shift(at(row, DISK), by);
  if (at(row, SHADOW) === 1) row[SHADOW_BEHIND] = at(row, SHADOW_BEHIND) + by;
  if (at(row, SHADOW_BEHIND) > MAX_LAG) forgetShadow(row);
  for (let base = SLOTS; base + SLOT <= row.length; base += SLOT) {
    if (at(row, base + KIND) === EMPTY) continue;
    row[base + COOKIE] = shift(at(row, base + COOKIE), by);
    if (at(row, base + REPLY) !== 0) row[base + REPLY] = shift(at(row, base + REPLY), by);
  }
}

function shift(cookie: number, by: number): number {
  if (cookie === 0) return 0;
  const moved = Math.min(cookie + by, FAR);
  if (moved < 1) throw new Error('A cookie ran further ahead of the store than a row can say.');
  return moved;
}


/** Absolute in a trace: T0 is the login's cookie. */
export function cookieName(row: Uint8Array, cookie: number): string {
  return `T${at(row, ROTATION) - (cookie - AHEAD)}`;
}

export function answerName(row: Uint8Array, base: number): string {
  const cookie = at(row, base + REPLY);
  const settled = at(row, base + SETTLED);
  return [cookie === 0 ? '' : `Set-Cookie ${cookieName(row, cookie)}`, settled === 0 ? '' : `settled ${idName(settled)}`].filter(Boolean).join(', ');
}

function letters(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : letter + String(Math.floor(index / 26));
}
