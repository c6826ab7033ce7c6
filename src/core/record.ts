/**
 * The ledger record: what the contexts of one origin agree on, and never a secret.
 *
 * Why a record beside the channel: a lock grant and a broadcast travel by different pipes.
 *
 *   tab A   lock ── refresh ── write record ── post TOKEN ── release
 *   tab B        waits ·······················│············ granted │·· TOKEN arrives
 *                                                           └ reads the record: A is done, adopt
 *
 * Without the record B would be granted the lock before the message arrives, and refresh again.
 */
import { ATTEMPT_ID, MAX_IDS } from '../contract/wire.js';
import type { Level } from './types.js';

export const SCHEMA = 1;
export const MAX_WINNERS = MAX_IDS - 1;

/** A span shared between contexts: valid only while `at` ≤ now ≤ `at + for`, so a clock set back ends it. */
export interface Span {
  at: number;
  for: number;
}

/** A session that is over for good, and why: a context that reads it here has not heard the message. */
export interface Closed {
  sid: string;
  at: number;
  reason: string;
}

export interface LedgerRecord {
  schema: number;
  /** Random; another one means the record was lost and made anew. */
  incarnation: string;
  sid?: string;
  sessionAt: number;
  /** Fingerprint of the subject, where the backend names no session. */
  subject?: string;
  level?: Level;
  /** Newest generation per key, and the life of its token. `for` is 0 when unknown. */
  tokens: Record<string, Span & { generation: number }>;
  /** Ms of the last refreshes, newest first. */
  durations: number[];
  /** Who may commit. `by` is empty when nobody is refreshing. */
  hold: Span & { by: string; seq: number };
  /** The one attempt id of this ledger, until the endpoint says that it is settled. */
  attempt?: string;
  /** The id of the attempt after that: always on disk, and long before a request carries it. */
  next?: string;
  /** Attempt ids that won the last rotations, newest first: one fewer than a request may carry. */
  winners: string[];
  /** No request before this is over. `soft`: the network was the cause, so `online` may end it. */
  cooldown?: Span & { failures: number; soft: boolean };
  /** Generation that a refresh with reason `unauthorized` produced. */
  rejected?: { sid: string; key: string; generation: number; at: number };
  closed: Closed[];
  /** A sign-out the server has not confirmed: no refresh is sent before it is. */
  logout?: { sid: string; scope: 'device' | 'all' };
  /** A `raced` answer is to be presented once more. */
  settle?: Span;
  leaderEpoch: number;
  /** Only the service worker may hold tokens. Kept once one context has said so: mixed modes count as sealed. */
  mode?: 'sealed';
  /**
   * `signIn()` has sent the browser to a login, from this session: until another one is here, a document that opens may be the
   * one that comes back from it, as somebody else.
   */
  login?: Span & { sid?: string };
  /** May somebody be signed in? Evidence for a new document. */
  hint: boolean;
}

/** The contract level in force: the option, else what the ledger has seen. */
export const levelOf = (option: 'auto' | Level, { level }: LedgerRecord): 'auto' | Level => (option === 'auto' ? (level ?? 'auto') : option);

export const spanHolds = (span: Span | undefined, now: number): span is Span =>
  !!span && span.at <= now && now <= span.at + span.for;

const isNumber = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0 && (value as number) < 2 ** 52;
const isName = (value: unknown): value is string => typeof value === 'string' && value.length < 512;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const isSpan = (value: unknown): value is Span & Record<string, unknown> => isObject(value) && isNumber(value.at) && isNumber(value.for);
const list = <T>(value: unknown, most: number, is: (item: unknown) => boolean): T[] =>
  (Array.isArray(value) ? value.filter(is) : []).slice(0, most) as T[];
const isId = (value: unknown): boolean => typeof value === 'string' && ATTEMPT_ID.test(value);

/** The record as stored, each field checked: it may be corrupt, hostile, or of a newer version. */
export const parseRecord = (stored: unknown): LedgerRecord | undefined => {
  if (!isObject(stored) || !isNumber(stored.schema) || !isName(stored.incarnation)) return;
  const { hold, tokens, cooldown, rejected, settle, logout, login } = stored;
  return {
    schema: stored.schema,
    incarnation: stored.incarnation,
    sid: isName(stored.sid) ? stored.sid : undefined,
    sessionAt: isNumber(stored.sessionAt) ? stored.sessionAt : 0,
    subject: isName(stored.subject) ? stored.subject : undefined,
    level: (['plain', 'fenced', 'full'] as const).find((level) => level === stored.level),
    tokens: Object.fromEntries(
      Object.entries(isObject(tokens) ? tokens : {})
        .filter(([key, token]) => isName(key) && isSpan(token) && isNumber(token.generation))
        .slice(0, 64),
    ) as LedgerRecord['tokens'],
    durations: list(stored.durations, 8, isNumber),
    hold: isSpan(hold) && isName(hold.by) && isNumber(hold.seq) ? (hold as Span as LedgerRecord['hold']) : { by: '', seq: 0, at: 0, for: 0 },
    attempt: isId(stored.attempt) ? (stored.attempt as string) : undefined,
    next: isId(stored.next) ? (stored.next as string) : undefined,
    winners: list(stored.winners, MAX_IDS - 1, isId),
    cooldown: isSpan(cooldown) && isNumber(cooldown.failures) ? (cooldown as Span as LedgerRecord['cooldown']) : undefined,
    rejected: isObject(rejected) && isName(rejected.sid) && isName(rejected.key) && isNumber(rejected.generation) && isNumber(rejected.at) ? (rejected as LedgerRecord['rejected']) : undefined,
    closed: list(stored.closed, 8, (item) => isObject(item) && isName(item.sid) && isNumber(item.at) && isName(item.reason)),
    logout: isObject(logout) && isName(logout.sid) ? { sid: logout.sid, scope: logout.scope === 'all' ? 'all' : 'device' } : undefined,
    settle: isSpan(settle) ? settle : undefined,
    leaderEpoch: isNumber(stored.leaderEpoch) ? stored.leaderEpoch : 0,
    login: isSpan(login) ? (login as LedgerRecord['login']) : undefined,
    mode: stored.mode === 'sealed' ? 'sealed' : undefined,
    hint: stored.hint === true,
  };
};

export const isClosed = (record: LedgerRecord, sid: string | undefined): boolean =>
  record.closed.some((one) => one.sid === sid);
