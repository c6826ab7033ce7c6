/**
 * Who refreshes ahead. Leadership is for liveness and thrift, never for safety: no leader, two leaders
 * and a frozen leader are all harmless, and without one tokens are refreshed on demand.
 *
 * There are no heartbeats. A leader proves itself by its work: its lock is released when it dies, and
 * when its refresh is a minute overdue a visible candidate takes the next epoch and the lock.
 */
import { lifeLeft, untilAhead } from './grant.js';
import type { Flights } from './flight.js';
import type { Hub } from './hub.js';
import type { Message } from './messages.js';
import type { Cancel, Held, LockRequest } from './ports.js';

/** A hidden leader goes on this long: switching tabs for a moment changes nothing. */
const HIDDEN_MS = 5_000;
/** How long a refresh may be overdue before the leader counts as standing still. */
const OVERDUE_MS = 60_000;
/** At most one deposition per context in this time. */
const DEPOSE_MS = 300_000;
/** A timer longer than this would sleep through a change of clock. */
const LOOK_MS = 30_000;
/** Web Locks queue in order of arrival, so preference is a delay before asking. */
const RANK_MS = { page: 0, iframe: 60, worker: 120, shared_worker: 120, service_worker: 240 };

export interface Leadership {
  hear(message: Message): void;
  stop(): void;
}

export const createLeadership = (hub: Hub, flights: Flights): Leadership => {
  const { clock, locks, lifecycle, random, endpoint } = hub.ports;
  const { leadership } = hub.options;
  let activeAt = clock.wall();
  let request: LockRequest | undefined;
  let held: Held | undefined;
  let standing: Cancel | undefined;
  let leaving: Cancel | undefined;
  let planned: Cancel | undefined;
  let news: Promise<Cancel> | undefined;
  let deposedAt = -Infinity;
  let jitter = random.next();

  // A frame of another site is sent no cookie: it could lead nobody to a token.
  const eligible = () => !lifecycle.crossSite && (leadership === 'always' || (leadership === 'visible' && lifecycle.visible()));

  const resign = (change: 'resigned' | 'deposed') => {
    standing?.();
    request?.abort();
    request = undefined;
    if (!held) return;
    void news?.then((stop) => stop());
    news = undefined;
    const { leaderEpoch } = hub.state;
    held.release();
    held = undefined;
    hub.dispatch({ type: 'role', role: 'follower', epoch: leaderEpoch });
    hub.emit('role', { role: 'follower', change, epoch: leaderEpoch });
    if (change === 'resigned') hub.post({ type: 'LEADER_RESIGNED', epoch: leaderEpoch });
  };

  /** One stream for all tabs; without it the end of a session is learned with the next refresh. */
  const listenIn = () => {
    if (held && hub.level() === 'full') news ??= endpoint.news?.().then(({ follow, source }) => follow(hub, source)).catch(() => () => {});
  };

  const lead = async (lock: Held) => {
    held = lock;
    void lock.lost.then(() => {
      if (held !== lock) return;
      resign('deposed');
      // Behind whoever took it: that one may leave first.
      stand();
    });
    const record = await hub.ledger.update((stored) => ({ ...stored, leaderEpoch: stored.leaderEpoch + 1 }));
    if (held !== lock) return;
    hub.dispatch({ type: 'role', role: 'leader', epoch: record.leaderEpoch });
    hub.emit('role', { role: 'leader', change: 'elected', epoch: record.leaderEpoch });
    hub.post({ type: 'LEADER_ELECTED', epoch: record.leaderEpoch });
    listenIn();
    plan();
  };

  const ask = (steal = false) => {
    request?.abort();
    const mine = (request = locks.request(hub.names.leader, { steal }));
    mine.granted.then(
      (lock) => lock && (request === mine && eligible() && !hub.disposed ? void lead(lock) : lock.release()),
      () => {}, // no locks, no leader: tokens are refreshed on demand
    );
  };

  const stand = () => {
    standing?.();
    if (held || !eligible() || !lifecycle.active()) return;
    hub.dispatch({ type: 'role', role: 'candidate', epoch: 0 });
    hub.post({ type: 'STANDING', visible: lifecycle.visible(), activeAt });
    standing = clock.after(RANK_MS[lifecycle.kind] + (lifecycle.visible() ? 0 : 300) + random.next() * 50, () => {
      hub.dispatch({ type: 'role', role: 'follower', epoch: 0 });
      ask();
    });
    plan();
  };

  const depose = async () => {
    deposedAt = clock.monotonic();
    // Of the leader that is meant: a context may have heard of it without having read the ledger since.
    const { leaderEpoch } = hub.state;
    let won = false;
    await hub.ledger.update((record) => {
      won = record.leaderEpoch === leaderEpoch;
      return won ? { ...record, leaderEpoch: leaderEpoch + 1 } : record;
    });
    if (won && !held && eligible()) ask(true);
  };

  /** The leader refreshes inside the window; a visible candidate checks that somebody did. */
  const plan = () => {
    planned?.();
    const grant = hub.state.status === 'active' ? hub.state.grants['|'] : undefined;
    if (!grant?.lifetime || hub.disposed) return;
    // Spread over the window, so that two origins of one server do not strike together.
    const ahead = untilAhead(grant, clock, hub.options);
    const due = held ? ahead + (jitter * (lifeLeft(grant, clock) - ahead)) / 2 : lifeLeft(grant, clock) + OVERDUE_MS;
    planned = clock.after(Math.min(Math.max(due, hub.state.retryAt ? hub.state.retryAt - clock.wall() : 0, 0), LOOK_MS), () => {
      if (due > LOOK_MS) return plan();
      if (held) {
        jitter = random.next();
        flights.join('|', { reason: 'expiring', patience: 0 }).catch(({ retryAt }) => {
          planned?.();
          planned = clock.after(Math.max(1_000, (retryAt ?? 0) - clock.wall()), plan);
        });
      } else if (request && eligible() && clock.monotonic() - deposedAt >= DEPOSE_MS) void depose().then(plan);
    });
  };

  let seen = hub.state.grants;
  const stopWatching = hub.watch(() => {
    if (hub.state.status === 'ended' || hub.state.status === 'anonymous') planned?.();
    if (seen === (seen = hub.state.grants)) return;
    listenIn();
    plan();
  });
  const stopListening = lifecycle.listen((event) => {
    if (event !== 'online') leaving?.();
    if (event === 'suspend') resign('resigned');
    else if (event === 'hidden') {
      if (leadership === 'visible') leaving = clock.after(HIDDEN_MS, () => lifecycle.visible() || resign('resigned'));
    } else {
      if (event === 'visible') activeAt = clock.wall();
      if (!held) stand();
      plan();
    }
  });
  stand();

  return {
    hear(message) {
      // A visible candidate goes before a hidden leader; the newest epoch goes before every other.
      if (message.type === 'STANDING' && held && message.visible && !lifecycle.visible()) {
        resign('resigned');
        stand();
      }
      if (message.type === 'LEADER_ELECTED') {
        if (held && message.epoch > hub.state.leaderEpoch) resign('deposed');
        hub.dispatch({ type: 'role', role: hub.state.role, epoch: message.epoch });
      }
      if (message.type === 'ROLL_CALL')
        // From a timer: a frozen page still answers messages, but its timers stand still.
        clock.after(0, () =>
          hub.post({ type: 'PRESENT', visible: lifecycle.visible(), role: hub.state.role, generation: hub.snapshot.generation, epoch: hub.state.leaderEpoch }),
        );
    },
    stop() {
      stopWatching();
      stopListening();
      leaving?.();
      planned?.();
      resign('resigned');
    },
  };
};
