/** An access token in memory, and every question about its age and order. */
import type { Clock } from './ports.js';

export interface Grant {
  readonly token: string;
  readonly sid: string;
  /** Orders sessions: the server's login time, or a local counter at level plain. */
  readonly sessionAt: number;
  /** Orders the tokens of one session. */
  readonly generation: number;
  readonly key: string;
  readonly scope?: string;
  readonly sub?: string;
  /** Whole lifetime in ms, 0 when unknown. */
  readonly lifetime: number;
  /** Ms of life left at `monotonic` / `wall`. */
  readonly remaining: number;
  /** Both clocks at the start of the request that brought it. */
  readonly monotonic: number;
  readonly wall: number;
}

/** Milliseconds. */
export interface Margins {
  refreshAhead: number;
  clockTolerance: number;
}

/** One key per (scope set, resource); scopes are a set, so their order does not matter. */
export const keyOf = (target: { scope?: string; resource?: string } = {}): string =>
  [(target.scope ?? '').split(' ').filter(Boolean).sort().join(' '), target.resource ?? ''].join('|');

/**
 * Milliseconds of life left. The age is the larger of two: the monotonic clock stands still in sleep,
 * the wall clock can be set back; only a token that is young by both is young.
 */
export const lifeLeft = (grant: Grant, clock: Clock): number =>
  grant.lifetime
    ? grant.remaining - Math.max(clock.monotonic() - grant.monotonic, clock.wall() - grant.wall)
    : Infinity;

const tenth = (grant: Grant, most: number) => Math.min(most, grant.lifetime / 10);

/** Can be sent to an API now. */
export const isValid = (grant: Grant | undefined, clock: Clock, margins: Margins): grant is Grant =>
  !!grant && lifeLeft(grant, clock) > tenth(grant, margins.clockTolerance);

/** Valid, and with enough life for this caller; never asks for more than half a lifetime. */
export const isFresh = (grant: Grant | undefined, clock: Clock, margins: Margins, minTtl: number): grant is Grant =>
  isValid(grant, clock, margins) && lifeLeft(grant, clock) > Math.min(minTtl, grant.lifetime / 2);

/** Ms until the refresh-ahead window opens; negative inside it. */
export const untilAhead = (grant: Grant, clock: Clock, margins: Margins): number =>
  lifeLeft(grant, clock) - tenth(grant, margins.refreshAhead);

/**
 * Orders sessions. A server's times are whole milliseconds of its clock. Where it names none, this machine's clock and a fraction
 * stand in, and those two do not compare: a session that the server has named follows one that only this browser has.
 */
export const isLater = (at: number, than: number): boolean => at > than || (Number.isInteger(at) && !Number.isInteger(than));

/** The only order there is: a later session, or a later token of the same session. */
export const isNewer = (
  a: { sid?: string; sessionAt: number; generation: number },
  b: { sid: string; sessionAt: number; generation: number } | undefined,
): boolean => !b || (a.sid === b.sid ? a.generation > b.generation : isLater(a.sessionAt, b.sessionAt));
