/** A context that takes part in the protocol: it has a name, reads and writes the ledger, and speaks. */
import type { Context } from './context.js';
import { over } from './flight.js';
import { lifeLeft, type Grant } from './grant.js';
import { PROTOCOL, type Message, type MessageBody } from './messages.js';
import type { Cancel, Exchange } from './ports.js';
import { isClosed, levelOf } from './record.js';
import { lookAfterLogout } from './sign-out.js';
import { createSharedLedger, type SharedLedger } from './shared-ledger.js';
import type { State } from './state.js';
import { toHeld, toWire } from './wire-grant.js';

export interface Hub extends Context {
  /** Random id of this context. */
  readonly me: string;
  /** Name of the refresh lock; the leader's lock is named beside it. */
  readonly names: { refresh: string; leader: string };
  readonly ledger: SharedLedger;
  /** Exchanges under way: a sign-out aborts them. */
  readonly exchanges: Set<Exchange>;
  /** Monotonic time of this context's last steal. */
  stoleAt: number;
  /** Session and generation of the last answer here, if it was `replayed`. */
  replayed?: string;
  /** Why the last request here brought no token; gone with one that did. */
  trouble?: string;
  /** A sign-out that the endpoint has not heard of is about to be said again, unless this takes it back. */
  insisting?: Cancel;
  /** What the others have to hear of, although this session may be disposed meanwhile: refreshes and sign-outs. */
  readonly pending: ReadonlySet<Promise<unknown>>;
  /** Makes work pending until it is settled. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Absent until it is loaded. */
  leadership?: { hear(message: Message): void; stop(): void };
  /** Looks at what may not have been heard; the protocol says how. */
  resync(): unknown;
  /** The service worker alone may hold tokens, and this is another context. */
  sealed(): boolean;
  /** The contract level in force: the option, else what the ledger has seen. */
  level(): State['level'];
  /**
   * Takes over from the last seen record what concerns this context: closed sessions, level, epoch. `said`: of this session the
   * others know that it is over.
   *
   * A session that came and went has taken the place of ours:
   *
   *   this page   s1 ── suspended ································ resumes: holds a token of s1
   *   others             s2 begins ── s2 is signed out
   */
  learn(said?: string): void;
  /** A refresh failed, here or elsewhere, for the n-th time in a row. */
  failed(failures: number, wait: number): void;
  post(body: MessageBody): void;
  postGrant(grant: Grant): void;
}

/** Failures in a row that are nobody's business yet. */
const DEGRADED_AFTER = 3;
/** Ms without a valid token until "signing in again may help". */
const STALLED_MS = 60_000;

/** The same object, grown: what the page already holds and who listens to it stays as it is. */
export const createHub = (context: Context, name: string): Hub => {
  const { ports, options } = context;
  const { clock, random, channel } = ports;
  const me = random.id();
  const isSealed = () => options.mode === 'sealed' || hub.ledger.seen.mode === 'sealed';
  /** Tokens of which somebody knows that the next ones are not to be had, and the timer that says so when they are over. */
  let stalling: { grants: State['grants']; cancel: Cancel } | undefined;
  const served = () => Object.keys(context.state.grants).some(context.valid);
  const pending = new Set<Promise<unknown>>();

  const hub: Hub = Object.assign(context, {
    me,
    names: { refresh: `tabaton/${name}/refresh`, leader: `tabaton/${name}/leader` },
    ledger: createSharedLedger(
      ports,
      (code) =>
        hub.problem(
          code,
          code === 'ledger_newer'
            ? 'The ledger was written by a newer tabaton: reload this page to use the same version.'
            : 'The ledger (IndexedDB) does not answer: until it does, this context refreshes without knowing of the others.',
        ),
      (paid) => {
        if (hub.disposed) return;
        hub.resync();
        // Said when the ledger could not bear it out, it was not believed; now it can.
        const { status, sid = '', sessionAt } = hub.state;
        if (paid && status === 'active') hub.post({ type: 'SESSION_STARTED', sid, sessionAt });
      },
    ),
    resync: () => {},
    exchanges: new Set<Exchange>(),
    stoleAt: -Infinity,
    pending,
    during<T>(work: Promise<T>): Promise<T> {
      const settled = () => void pending.delete(work);
      pending.add(work);
      work.then(settled, settled);
      return work;
    },
    level: () => levelOf(options.level, hub.ledger.seen),
    sealed: () => isSealed() && ports.lifecycle.kind !== 'service_worker',
    learn(said?: string) {
      const { sid, sessionAt, closed, leaderEpoch, logout } = hub.ledger.seen;
      if (sid && isClosed(hub.ledger.seen, sid) && hub.state.sid && !over(hub)) hub.dispatch({ type: 'session_started', sid, sessionAt });
      if (logout) lookAfterLogout(hub, logout.sid, said);
      if (hub.sealed()) hub.dispatch({ type: 'sealed' });
      hub.dispatch({ type: 'closed', sessions: closed });
      hub.dispatch({ type: 'level', level: hub.level() });
      if (leaderEpoch > hub.state.leaderEpoch) hub.dispatch({ type: 'role', role: hub.state.role, epoch: leaderEpoch });
    },
    failed(failures: number, wait: number) {
      if (failures >= DEGRADED_AFTER && hub.state.connection === 'ok') {
        hub.dispatch({ type: 'connection', connection: 'degraded' });
        hub.emit('degraded', { retryAt: clock.wall() + wait });
      }
      const { grants } = hub.state;
      if (stalling?.grants === grants) return;
      stalling?.cancel();
      const rest = Math.max(0, ...Object.values(grants).map((grant) => (grant.lifetime ? lifeLeft(grant, clock) : 0)));
      const cancel = clock.after(rest + STALLED_MS, () => {
        if (hub.state.grants !== grants || hub.state.status === 'ended' || served()) return;
        hub.dispatch({ type: 'connection', connection: 'stalled' });
        hub.emit('stalled', {});
      });
      stalling = { grants, cancel };
    },
    post: (body: MessageBody) => void ((hub.disposed && !pending.size) || channel.post({ ...body, protocol: PROTOCOL, from: me, incarnation: hub.ledger.seen.incarnation } as Message)),
    postGrant(grant: Grant) {
      if (isSealed()) hub.post({ type: 'TOKEN_HELD', grant: toHeld(grant, clock) });
      else if (channel.carriesTokens) hub.post({ type: 'TOKEN', grant: toWire(grant, clock) });
    },
  });
  return hub;
};
