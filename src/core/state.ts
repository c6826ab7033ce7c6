/**
 * What one context knows, as a pure reducer. Nothing is decided elsewhere: whether a token may
 * replace another, whether a session is over, what a user interface sees, all follow from here.
 */
import { isLater, isNewer, type Grant } from './grant.js';
import type { Activity, Connection, Level, Role, SessionEndReason, Snapshot, Status } from './types.js';

export interface State {
  readonly status: Status;
  readonly reason?: SessionEndReason;
  readonly sid?: string;
  readonly sub?: string;
  readonly sessionAt: number;
  /** By key; all of them belong to `sid`. */
  readonly grants: Readonly<Record<string, Grant>>;
  /** Session ids that are over for good: nothing of theirs is ever adopted again. */
  readonly closed: readonly string[];
  readonly activity: Activity;
  readonly retryAt?: number;
  readonly connection: Connection;
  readonly role: Role;
  readonly leaderEpoch: number;
  readonly level: 'auto' | Level;
}

export type StateEvent =
  | { type: 'granted'; grant: Grant }
  | { type: 'session_started'; sid: string; sessionAt: number }
  | { type: 'session_ended'; sid?: string; reason: SessionEndReason }
  | { type: 'closed'; sessions: readonly { sid: string; reason: string }[] }
  /** Tokens are the service worker's alone from now on. */
  | { type: 'sealed' }
  | { type: 'anonymous' }
  | { type: 'activity'; activity: Activity; retryAt?: number }
  | { type: 'connection'; connection: Connection }
  | { type: 'role'; role: Role; epoch: number }
  | { type: 'level'; level: 'auto' | Level };

export const initial: State = {
  status: 'starting',
  sessionAt: 0,
  grants: {},
  closed: [],
  activity: 'idle',
  connection: 'ok',
  role: 'candidate',
  leaderEpoch: 0,
  level: 'auto',
};

/** May this grant replace what is held? Never an older one, never one of a session that is over. */
export const accepts = (state: State, grant: Grant): boolean =>
  !state.closed.includes(grant.sid) &&
  (grant.sid === state.sid
    ? isNewer(grant, state.grants[grant.key])
    : !state.sid || isLater(grant.sessionAt, state.sessionAt));

const end = (state: State, sid: string | undefined, reason: SessionEndReason): State => ({
  ...state,
  status: 'ended',
  reason,
  grants: {},
  closed: sid && !state.closed.includes(sid) ? [...state.closed, sid] : state.closed,
  activity: 'idle',
  retryAt: undefined,
  connection: 'ok',
});

export const reduce = (state: State, event: StateEvent): State => {
  switch (event.type) {
    case 'granted': {
      const { grant } = event;
      if (!accepts(state, grant)) return state;
      return {
        ...state,
        status: 'active',
        reason: undefined,
        sid: grant.sid,
        sub: grant.sub ?? (grant.sid === state.sid ? state.sub : undefined),
        sessionAt: Math.max(grant.sessionAt, grant.sid === state.sid ? state.sessionAt : 0),
        grants: { ...(grant.sid === state.sid ? state.grants : {}), [grant.key]: grant },
        connection: 'ok',
      };
    }
    case 'session_started':
      // Tokens of the older session go at once; `starting` lasts until a token of the new one is here.
      return event.sid === state.sid || !isLater(event.sessionAt, state.sessionAt) || state.closed.includes(event.sid)
        ? state
        : { ...state, status: 'starting', reason: undefined, sid: event.sid, sub: undefined, sessionAt: event.sessionAt, grants: {} };
    case 'session_ended':
      // Only the session that is meant: an answer for an older one ends nothing here.
      if (event.sid && state.sid && event.sid !== state.sid)
        return state.closed.includes(event.sid) ? state : { ...state, closed: [...state.closed, event.sid] };
      return state.status === 'ended' ? state : end(state, event.sid ?? state.sid, event.reason);
    case 'closed': {
      const news = event.sessions.filter(({ sid }) => !state.closed.includes(sid));
      const next = news.length ? { ...state, closed: [...state.closed, ...news.map(({ sid }) => sid)].slice(-16) } : state;
      const own = state.status === 'ended' ? undefined : news.find(({ sid }) => sid === state.sid);
      return own ? end(next, own.sid, own.reason as SessionEndReason) : next;
    }
    case 'sealed':
      return Object.values(state.grants).some(({ token }) => token)
        ? { ...state, grants: Object.fromEntries(Object.entries(state.grants).map(([key, grant]) => [key, { ...grant, token: '' }])) }
        : state;
    case 'anonymous':
      return state.status === 'ended'
        ? state
        : // The grants stay as the floor that nothing older may go below; no reader sees them in this status.
          { ...state, status: 'anonymous', activity: 'idle', retryAt: undefined, connection: 'ok' };
    case 'activity':
      return state.activity === event.activity && state.retryAt === event.retryAt ? state : { ...state, activity: event.activity, retryAt: event.retryAt };
    case 'connection':
      return { ...state, connection: event.connection };
    case 'role':
      return { ...state, role: event.role, leaderEpoch: Math.max(state.leaderEpoch, event.epoch) };
    case 'level':
      return state.level === event.level ? state : { ...state, level: event.level };
  }
};

/** The public view of a state. `previous` is returned again when nothing a reader could see has changed. */
export const snapshotOf = (state: State, previous?: Snapshot): Snapshot => {
  const { status, reason, activity, retryAt, connection, role, leaderEpoch, sid, sub, level, grants } = state;
  const grant = status === 'active' ? grants['|'] : undefined;
  const next: Snapshot = Object.freeze({
    status,
    reason,
    activity,
    retryAt,
    connection,
    role,
    leaderEpoch,
    sid: status === 'anonymous' ? undefined : sid,
    sub: status === 'anonymous' ? undefined : sub,
    generation: grant?.generation ?? 0,
    expiresAt: grant?.lifetime ? Math.round(grant.wall + grant.remaining) : undefined,
    level,
  });
  const same = previous && (Object.keys(next) as (keyof Snapshot)[]).every((name) => next[name] === previous[name]);
  return same ? previous : next;
};
