/**
 * A victim and a thief who hold copies of one cookie, as a transition system around the real `present`.
 *
 * The thief may do anything at any moment, and guesses right: he shows the most useful of the ids he
 * could know. The victim is careless: once back he presents when he likes, and otherwise only when his
 * token has run out (no refresh-ahead, no settle). Messages are instant; the victim's answers may be lost.
 *
 * Two promises, checked in runs of their own:
 * - **bounded**: after the victim's first presentation the thief gets no token later than `bound`;
 * - **caught**: a thief who lived on the sleeping victim's family for more than `lives` token lifetimes
 *   (tokens taken at least a lifetime apart) ends it, at the latest `bound` after the victim is back,
 *   even if he stops at the right moment.
 */
import { MAX_IDS } from '../../contract/wire.js';
import { WINNERS_KEPT, present, type RotationState } from '../rotation.js';
import type { System } from './search.js';
import type { Present } from './variants.js';

/** What was copied. */
export type Loot =
  /** The cookie and nothing else. */
  | 'cookie'
  /** Cookie and ledger, nothing in flight. */
  | 'profile'
  /** Cookie and ledger while an attempt was unresolved: not sent, or its reply or only its body lost. */
  | 'unresolved'
  /** Cookie and ledger, and the cookie is older than the ledger: copied before the jar was flushed. */
  | 'unflushed';

export interface ThiefConfig {
  readonly loot: Loot;
  /** Token lifetime, and C and M, in units. */
  readonly L: number;
  readonly C: number;
  readonly M: number;
  /** Answers to the victim that are lost. */
  readonly losses: number;
  /** Both sides may also say `startup`. */
  readonly startups: boolean;
  /** The server renews cached tokens by itself (batch, SSR), whoever is awake. */
  readonly mints: boolean;
  readonly bound: number;
  /** Checks the promise "caught" with that many lifetimes; `null`: the promise "bounded". */
  readonly lives: number | null;
  readonly present: Present;
}

export const thief: ThiefConfig = { loot: 'cookie', L: 6, C: 2, M: 4, losses: 0, startups: false, mints: false, bound: 12, lives: null, present };

const AGE = 0, TOKEN = 1, SINCE = 2, LIVES = 3, REST = 4, LOSSES = 5, MINTED = 6, ROTATION = 7;
const JAR = 8, LEFT = 9, ATTEMPT = 10, WINNERS = 11, WON = WINNERS + MAX_IDS - 1;
/** Which of the newest eight cookies the thief holds (one bit each), and the ids he knows that still count. */
const COOKIES = WON + WINNERS_KEPT, KNOWN = COOKIES + 1, KNOWN_KEPT = WINNERS_KEPT + 1;
const WON_AT = range(WON, WINNERS_KEPT), WINNERS_AT = range(WINNERS, MAX_IDS - 1), KNOWN_AT = range(KNOWN, KNOWN_KEPT);
const NAMED_AT = [...WON_AT, ATTEMPT, ...WINNERS_AT, ...KNOWN_AT];
const WIDTH = Math.ceil((KNOWN + KNOWN_KEPT) / 4) * 4;
const NOBODY = 'forgotten';

export function thiefWorld(config: ThiefConfig): System {
  const oldest = Math.max(config.M, config.C + 1, config.L);
  const next = new Uint8Array(WIDTH);
  const names = new Uint8Array(256);

  function initial(emit: (row: Uint8Array) => void): void {
    for (let age = 0; age <= oldest; age += 1) {
      // [cookies the jar is behind, is the attempt pending, does it stand among the winners]
      const moments: [number, boolean, boolean][] = {
        cookie: [[0, false, false]] as [number, boolean, boolean][],
        profile: [[0, false, false]] as [number, boolean, boolean][],
        unresolved: [[0, true, false], [1, true, true], [0, true, true]] as [number, boolean, boolean][],
        unflushed: [[1, false, false], [2, false, false]] as [number, boolean, boolean][],
      }[config.loot];
      for (const [behind, pending, won] of moments) {
        next.fill(0);
        next[AGE] = next[TOKEN] = age;
        next[LOSSES] = config.losses;
        next[MINTED] = WINNERS_KEPT + 1;
        next[ROTATION] = WINNERS_KEPT;
        for (let id = 0; id < WINNERS_KEPT; id += 1) next[WON + id] = id + 1;
        if (pending) next[ATTEMPT] = won ? 1 : WINNERS_KEPT + 1;
        for (let id = 0; id < MAX_IDS - 1; id += 1) next[WINNERS + id] = id + 1 + Number(pending && won);
        // A victim whose jar lagged on disk only still holds the newest cookie in memory.
        next[JAR] = config.loot === 'unflushed' ? 0 : behind;
        next[COOKIES] = 1 << behind;
        if (config.loot !== 'cookie') for (let id = 0; id < KNOWN_KEPT; id += 1) next[KNOWN + id] = id + 1;
        emit(next);
      }
    }
  }

  function successors(row: Uint8Array, emit: (next: Uint8Array, label: () => string, violation: string | null) => void): void {
    const back = at(row, SINCE) > 0;
    const due = back && at(row, LEFT) === 0;
    if (!due) {
      next.set(row);
      emit(next, tick(next), caughtTooLate(next));
    }
    for (const reason of config.startups ? (['startup', 'expiring'] as const) : (['expiring'] as const)) {
      victimPresents(row, reason, emit);
      for (let behind = 0; behind < 8; behind += 1) {
        if ((at(row, COOKIES) & (1 << behind)) !== 0) thiefPresents(row, behind, reason, emit);
      }
    }
    if (config.mints && at(row, TOKEN) > 0) {
      next.set(row);
      next[TOKEN] = 0;
      emit(next, () => 'the server mints a token by itself', null);
    }
  }

  function tick(row: Uint8Array): () => string {
    row[AGE] = Math.min(at(row, AGE) + 1, oldest);
    row[TOKEN] = Math.min(at(row, TOKEN) + 1, config.L);
    if (at(row, SINCE) > 0) row[SINCE] = Math.min(at(row, SINCE) + 1, config.bound + 2);
    if (at(row, REST) > 0) row[REST] = at(row, REST) - 1;
    if (at(row, LEFT) > 0) row[LEFT] = at(row, LEFT) - 1;
    return () => '— one unit passes —';
  }

  function caughtTooLate(row: Uint8Array): string | null {
    if (config.lives === null || at(row, LIVES) <= config.lives || at(row, SINCE) - 1 <= config.bound) return null;
    return `the victim is back for ${config.bound} units and nobody noticed a thief who had lived on the family for more than ${config.lives} token lifetimes`;
  }

  function victimPresents(row: Uint8Array, reason: 'startup' | 'expiring', emit: (next: Uint8Array, label: () => string, violation: string | null) => void): void {
    next.set(row);
    if (at(row, ATTEMPT) === 0) next[ATTEMPT] = mint(next);
    const ids = [at(next, ATTEMPT), ...others(next, WINNERS_AT)];
    const verdict = decide(next, at(row, JAR), ids, reason);
    const label = (lost: string) => (): string =>
      `the victim presents ${cookieName(row, at(row, JAR))} with [${ids.map(idName).join(' ')}]${reason === 'startup' ? ' (startup)' : ''} → ${verdict.decision}${lost}`;
    // The end of the family is the end of this path: the thief is out.
    if (verdict.decision === 'reuse' || verdict.decision === 'dead') return;
    store(next, verdict.next);
    if (at(next, SINCE) === 0) next[SINCE] = 1;
    if (at(row, LOSSES) > 0) {
      next[LOSSES] = at(row, LOSSES) - 1;
      next[LEFT] = 0;
      emit(next, label(', and the answer is lost'), null);
      next[LOSSES] = at(row, LOSSES);
    }
    if (verdict.sendCookie) next[JAR] = 0;
    if (verdict.settled === idName(ids[0] ?? 0)) {
      next.copyWithin(WINNERS + 1, WINNERS, WINNERS + MAX_IDS - 2);
      next[WINNERS] = at(next, ATTEMPT);
      next[ATTEMPT] = 0;
    }
    if (verdict.decision === 'spent') next[LEFT] = 0;
    else if (verdict.decision === 'cached') next[LEFT] = config.L - at(row, TOKEN);
    else mintToken(next, LEFT);
    emit(next, label(''), null);
  }

  function thiefPresents(row: Uint8Array, behind: number, reason: 'startup' | 'expiring', emit: (next: Uint8Array, label: () => string, violation: string | null) => void): void {
    const known = others(row, KNOWN_AT);
    // A fresh id, the stolen pending one, or a winner: the newest, or the oldest (a sixth link for a chain).
    const worth = new Set([0, at(row, ATTEMPT), at(row, WON), at(row, WON + WINNERS_KEPT - 1)].filter((id) => id === 0 || known.includes(id)));
    for (const attempt of worth) {
      next.set(row);
      const own = attempt === 0 ? mint(next) : attempt;
      // The newest winners he knows: those are the ones a chain asks for.
      const shown = others(row, WON_AT).filter((id) => id !== own && known.includes(id)).slice(0, MAX_IDS - 1);
      const verdict = decide(next, behind, [own, ...shown], reason);
      // He would only end his own game.
      if (verdict.decision === 'reuse' || verdict.decision === 'dead') continue;
      store(next, verdict.next);
      if (verdict.sendCookie) next[COOKIES] = at(next, COOKIES) | 1;
      if (verdict.decision === 'rotated') learn(next, own);
      const step = (got: string) => (): string =>
        `the thief presents ${cookieName(row, behind)} with [${[own, ...shown].map(idName).join(' ')}]${reason === 'startup' ? ' (startup)' : ''} → ${verdict.decision}, ${got}`;
      if (verdict.decision === 'spent') {
        emit(next, step('no token'), null);
        continue;
      }
      if (verdict.decision !== 'cached') mintToken(next, TOKEN);
      if (at(row, SINCE) === 0 && at(row, REST) === 0) {
        next[REST] = config.L;
        next[LIVES] = Math.min(at(row, LIVES) + 1, (config.lives ?? 0) + 1);
      }
      const after = at(row, SINCE) - 1;
      emit(next, step('a token'), config.lives === null && after > config.bound ? `the thief got a token more than ${config.bound} units after the victim's return` : null);
    }
  }

  function decide(row: Uint8Array, behind: number, ids: number[], reason: 'startup' | 'expiring'): ReturnType<Present> {
    const [attempt, ...winners] = ids.map(idName);
    return config.present(
      familyOf(row),
      {
        rot: 500 - behind,
        reason,
        ids: [attempt ?? NOBODY, ...winners],
        now: 1000,
        cached: at(row, TOKEN) < config.L ? { lifetimeMs: config.L, remainingMs: config.L - at(row, TOKEN) } : null,
        minTtlMs: 0,
      },
      { raceMs: config.C, floorMs: config.M, idleMs: 1e9 },
    );
  }

  function mintToken(row: Uint8Array, holder: number): void {
    row[TOKEN] = 0;
    if (holder === LEFT) row[LEFT] = config.L;
  }

  function canonical(row: Uint8Array): void {
    row[ROTATION] = 0;
    if (!config.startups) row[TOKEN] = 0;
    if (config.lives === null) row[LIVES] = row[REST] = 0;
    if (at(row, SINCE) > 0) row[REST] = 0;
    prune(row);
    names.fill(0);
    let used = 0;
    for (const index of NAMED_AT) {
      const label = at(row, index);
      if (label === 0) continue;
      if (names[label] === 0) {
        used += 1;
        names[label] = used;
      }
      row[index] = at(names, label);
    }
    row[MINTED] = used;
    row.subarray(KNOWN, KNOWN + KNOWN_KEPT).sort().reverse();
  }

  return { width: WIDTH, canonical, initial, successors };
}

/** Ids that have neither won nor can win prove nothing to anybody. */
function prune(row: Uint8Array): void {
  for (const index of WINNERS_AT) if (!isWinner(row, at(row, index))) row[index] = 0;
  for (const index of KNOWN_AT) {
    if (!isWinner(row, at(row, index)) && at(row, index) !== at(row, ATTEMPT)) row[index] = 0;
  }
}

function learn(row: Uint8Array, id: number): void {
  prune(row);
  if (KNOWN_AT.some((index) => at(row, index) === id)) return;
  const free = KNOWN_AT.find((index) => at(row, index) === 0);
  if (free === undefined) throw new Error('The thief of the model knows more ids than a row can hold.');
  row[free] = id;
}

function isWinner(row: Uint8Array, id: number): boolean {
  return id !== 0 && WON_AT.some((index) => at(row, index) === id);
}

function mint(row: Uint8Array): number {
  row[MINTED] = at(row, MINTED) + 1;
  return at(row, MINTED);
}

function familyOf(row: Uint8Array): RotationState {
  return {
    rot: 500,
    winners: WON_AT.map((index) => idName(at(row, index))),
    rotatedAt: 1000 - at(row, AGE),
    healedAt: null,
    state: 'active',
    endedReason: null,
    absoluteExpiry: 1e9,
    idleExpiry: 1e9,
  };
}

function store(row: Uint8Array, family: RotationState): void {
  const rotations = family.rot - 500;
  row[AGE] = 1000 - family.rotatedAt;
  row[ROTATION] = at(row, ROTATION) + rotations;
  for (let id = 0; id < WINNERS_KEPT; id += 1) row[WON + id] = labelOf(family.winners[id] ?? NOBODY);
  row[JAR] = Math.min(at(row, JAR) + rotations, 9);
  row[COOKIES] = (at(row, COOKIES) << rotations) & 0xff;
}

function others(row: Uint8Array, indices: readonly number[]): number[] {
  const ids: number[] = [];
  for (const index of indices) if (at(row, index) !== 0) ids.push(at(row, index));
  return ids;
}

function range(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

function at(row: Uint8Array, index: number): number {
  return row[index] as number;
}

function idName(label: number): string {
  return label === 0 ? NOBODY : label <= WINNERS_KEPT ? `w${WINNERS_KEPT - label}` : `id${label - WINNERS_KEPT}`;
}

function labelOf(name: string): number {
  if (name === NOBODY) return 0;
  return name.startsWith('w') ? WINNERS_KEPT - Number(name.slice(1)) : Number(name.slice(2)) + WINNERS_KEPT;
}

function cookieName(row: Uint8Array, behind: number): string {
  return `T${at(row, ROTATION) - behind}`;
}
