/** Single-flight per key in this context: everybody who needs the same token waits for the same refresh. */
import { contend } from './contend.js';
import { TabatonError } from './errors.js';
import { lifeLeft, type Grant } from './grant.js';
import { refreshUnderLock, until } from './holder.js';
import type { Hub } from './hub.js';
import { askKeeper, sealedError } from './sealed.js';
import type { RefreshReason, TokenTarget } from './types.js';

export interface Flight {
  readonly key: string;
  readonly target: TokenTarget;
  reason: RefreshReason;
  /** The token to get past; identity is enough, since only newer ones replace it. */
  from?: Grant;
  /** Session this context was in at take-off. */
  sid?: string;
  /** Set by `start()`: only an answer to a request sent after it will do. */
  demand: boolean;
  landed: boolean;
  /** A request of this flight took no cookie along: the next such answer says that nobody is signed in. */
  nobody: boolean;
  minTtl?: number;
  /** Monotonic time until which somebody is interested; a retry later than that is left to others. */
  until: number;
  readonly done: () => boolean;
  readonly settle: (ms: number) => void;
  promise: Promise<Grant>;
}

/**
 * Longest wait after the first answer that was fenced off, doubled with each further one. Two who do not see each other's
 * lock (site data cleared under open tabs: those that are opened later have locks of their own; or no locks at all) would
 * fence each other off for ever:
 *
 *   A   hold 1 ─ sends ──────────── stale · hold 3 ─ sends ─────────── stale
 *   B            hold 2 ─ sends ─────────── stale · hold 4 ─ sends ──
 */
const FENCED_MS = 500;
/** How soon after its return a page hears of a request that was answered while it was away, if it ever does. */
const BACK_MS = 1_000;

/** How much longer than usual an endpoint rests that has refused the request itself. */
const SEARCH_MS = 5_000;

export interface Request extends TokenTarget {
  reason: RefreshReason;
  demand?: boolean;
  minTtl?: number;
  /** Ms somebody waits; 0 for a background refresh, which is tried once. */
  patience: number;
}

export interface Flights {
  join(key: string, request: Request): Promise<Grant>;
  /** Keeps at it until it is known who is signed in: so long a page shows nothing but that it is starting. */
  find(): void;
  /** The network is back: what is backing off looks again now. */
  hasten(): void;
}

/** Why no token can be had in this context, if so. */
export const over = (hub: Hub): TabatonError | undefined =>
  hub.disposed
    ? new TabatonError('disposed', 'This session was disposed: create another one with createSession().')
    : hub.state.status === 'ended'
      ? new TabatonError('session_ended', `The session has ended (${hub.state.reason}): sign in again.`, { reason: hub.state.reason })
      : hub.state.status === 'anonymous'
        ? new TabatonError('anonymous', 'Nobody is signed in: call session.signIn(), or session.start() after your own login.')
        : undefined;

export const createFlights = (hub: Hub): Flights => {
  const { clock, lifecycle, random } = hub.ports;
  const flights = new Map<string, Flight>();
  let hurry = 0;

  const landedGrant = (flight: Flight): Grant | undefined => {
    const grant = hub.state.status === 'active' ? hub.state.grants[flight.key] : undefined;
    return grant !== flight.from && (!flight.demand || flight.landed || grant?.sid !== flight.sid) ? grant : undefined;
  };
  const activity = (activity: 'waiting' | 'refreshing' | 'backingOff', retryAt?: number) => hub.dispatch({ type: 'activity', activity, retryAt });

  const fly = async (flight: Flight): Promise<Grant> => {
    let fenced = 0;
    for (let asked = false; ; ) {
      const grant = landedGrant(flight);
      if (grant && lifeLeft(grant, clock) > 0) return grant;
      // It waited in a process that stood still, or the clock was set: over already, so the next one has to be newer than it.
      if (grant) Object.assign(flight, { from: grant, sid: grant.sid, demand: false, reason: flight.reason === 'startup' ? 'expiring' : flight.reason });
      // A demand outlives `ended` and `anonymous`; nothing outlives the session object.
      const error = (hub.disposed || !flight.demand) && over(hub);
      if (error) throw error;
      // The session this set out in is over, but not this context: another one has begun, and the flight goes on in that.
      if (!flight.demand && flight.sid !== hub.state.sid && hub.state.closed.includes(flight.sid ?? '')) flight.sid = undefined;
      if (hub.sealed()) {
        if (asked) throw sealedError();
        asked = true;
        await askKeeper(hub, flight.demand);
        flight.landed = true;
        continue;
      }
      activity('waiting');
      const held = await contend(hub, flight.done);
      if (!held) continue;
      activity('refreshing');
      // A suspended page lets go of the lock, never of the request: that becomes an orphan whose answer the hold still fences.
      const turn = { mine: true, back: false };
      void held.lost.then(() => (turn.mine = false));
      const stop = lifecycle.listen((event) => {
        if (event === 'suspend') {
          turn.mine = false;
          held.release();
        } else if (event === 'resume')
          clock.after(BACK_MS, () => {
            turn.back = true;
            hub.wake();
          });
      });
      const landing = await refreshUnderLock(hub, flight, turn).finally(() => (stop(), held.release()));
      if (flight.reason === 'settle') break;
      if (landing.is === 'rejected')
        throw new TabatonError('token_rejected', 'The API rejects a token that was refreshed for this very reason: check its audience and scopes.');
      if (landing.is === 'over') flight.demand = false;
      if (landing.is === 'fenced') await until(hub, flight.done, random.next() * FENCED_MS * 2 ** Math.min(fenced++, 5));
      if (landing.is !== 'wait') continue;
      const retryAt = clock.wall() + landing.wait;
      if (landing.fault) {
        // Whoever asks is told what to mend. Where nobody knows who is signed in, nobody may be left to ask again.
        if (flight.until === Infinity) clock.after(SEARCH_MS + landing.wait, find);
        throw new TabatonError(landing.fault, landing.note, { retryAt });
      }
      if (clock.monotonic() + landing.wait > flight.until)
        throw new TabatonError('refresh_unavailable', `No token now (${landing.note}); the session is intact, try again after \`retryAt\`.`, { retryAt });
      activity('backingOff', retryAt);
      const before = hurry;
      await until(hub, () => flight.done() || hurry !== before, landing.wait);
    }
    throw new TabatonError('refresh_unavailable', 'Nothing to settle.');
  };

  const settle = (ms: number) => {
    clock.after(ms, () => void (hub.disposed || join('|', { reason: 'settle', patience: 0 }).catch(() => {})));
  };

  const join = (key: string, { reason, demand = false, minTtl, patience, ...target }: Request): Promise<Grant> => {
    const { state } = hub;
    const patient = clock.monotonic() + patience;
    const slot = reason === 'settle' ? 'settle' : key;
    const flying = flights.get(slot);
    if (flying) {
      flying.until = Math.max(flying.until, patient);
      if (demand) Object.assign(flying, { demand, reason, from: state.grants[key], sid: state.sid, landed: false, nobody: false });
      return flying.promise;
    }
    const flight: Flight = {
      key,
      target,
      reason,
      from: state.grants[key],
      sid: state.status === 'active' ? state.sid : undefined,
      demand,
      landed: false,
      nobody: false,
      minTtl,
      until: patient,
      done: () => (reason === 'settle' ? hub.disposed || hub.state.status !== 'active' : !!landedGrant(flight) || (!flight.demand && !!over(hub)) || hub.disposed),
      settle,
      promise: undefined as never,
    };
    flights.set(slot, flight);
    flight.promise = hub.during(
      fly(flight).finally(() => {
        flights.delete(slot);
        if (!flights.size) hub.dispatch({ type: 'activity', activity: 'idle' });
      }),
    );
    return flight.promise;
  };

  const find = () => {
    if (!hub.disposed && hub.state.status === 'starting') join('|', { reason: 'startup', patience: Infinity }).catch(() => {});
  };

  return {
    join,
    find,
    hasten() {
      hurry++;
      hub.wake();
    },
  };
};
