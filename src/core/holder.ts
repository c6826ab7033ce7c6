/** One refresh, from the granted lock to the broadcast token. */
import { DEADLINE_MS } from '../contract/wire.js';
import { commit, type Result, type Sent } from './commit.js';
import type { Flight } from './flight.js';
import type { Grant } from './grant.js';
import type { Hub } from './hub.js';
import type { Exchange, Reply } from './ports.js';
import { open, type Opening } from './opening.js';
import { prepareAttempt, releaseHold } from './record-moves.js';
import type { LedgerRecord } from './record.js';
import { deliverLogout, LOGOUT_RETRY_MS } from './sign-out.js';
import { classify, type Verdict } from './verdict.js';

export type Landing =
  /** Look again: the token is here, or the world moved on. */
  | { is: 'look' }
  /** Somebody took the hold while the answer was on its way. */
  | { is: 'fenced' }
  /** The endpoint knows of no session, or of none any more: asking again would bring the same. */
  | { is: 'over' }
  | { is: 'wait'; wait: number; note: string; fault?: 'endpoint_error' | 'bad_answer' }
  | { is: 'rejected' };

/** How long an answer to TOKEN_REQUEST may take before its owner counts as dead. */
const ADOPT_MS = 100;
/**
 * The same where this context held a token and a newer one was made while it waited: whoever made it was alive a moment
 * ago, and on a machine with two hundred busy contexts its message takes longer than the lock.
 */
const ADOPT_LATER_MS = 2_000;
/** The ledger has answered within a second, or it is done without; a context that hears of it later was not running. */
const OVERSLEPT_MS = 2_000;
/** Requests in one turn of the lock: the first, one after a spent id or a `none`, and one to spare. */
const MAX_SENDS = 3;
const another: Landing = { is: 'wait', wait: LOGOUT_RETRY_MS, note: 'the endpoint keeps answering for another session' };

/** A request that is out, and what it was sent for. */
interface Sending {
  opening: Opening & { go: 'send' };
  start: Pick<Sent, 'monotonic' | 'wall'>;
  exchange: Exchange;
}

/** Resolves when `done()` or after `ms`, whichever is first. */
export const until = (hub: Hub, done: () => boolean, ms: number): Promise<void> =>
  new Promise((resolve) => {
    const finish = () => (cancel(), stop(), resolve());
    const cancel = hub.ports.clock.after(ms, finish);
    const stop = hub.watch(() => done() && finish());
    if (done()) finish();
  });

/** What the holder learned, for this context's events and for the others. */
const report = (hub: Hub, attempt: string, verdict: Verdict, result: Result, sent: Sent) => {
  const { answer, note } = verdict as { answer?: { outcome?: string; generation?: number }; note?: string };
  hub.trouble = note;
  const event = {
    reason: sent.reason,
    outcome: answer ? (result.is === 'granted' ? (answer.outcome ?? 'refreshed') : result.is) : note ? `${verdict.is}: ${note}` : verdict.is,
    duration: Math.round(sent.duration),
    generation: result.is === 'granted' ? result.grant.generation : undefined,
  };
  const { fingerprint } = hub.ports.random;
  if (fingerprint) fingerprint(attempt).then((id) => hub.emit('refresh', { ...event, attempt: id }), () => hub.emit('refresh', event));
  else hub.emit('refresh', event);
  if (result.is !== 'wait') return;
  hub.failed(result.failures, result.wait);
  hub.post({ type: 'REFRESH_FAILED', retryIn: result.wait, sentAt: sent.now, failures: result.failures });
  if (verdict.is === 'fault') hub.problem('endpoint_misconfigured', verdict.note);
};

/**
 * One replay mends a lost reply or a killed browser: it brings the newest cookie again. A second one right after it, with no
 * token minted for anybody in between, means that the browser did not keep what the first one brought.
 */
const lookForBlockedCookie = (hub: Hub, { sid, generation }: Grant, verdict: Verdict) => {
  const replayed = verdict.is === 'grant' && verdict.answer.outcome === 'replayed';
  if (replayed && hub.replayed === `${sid} ${generation - 1}`)
    hub.problem('cookie_blocked', "The browser does not keep the refresh cookie: serve page and endpoint from one site, over https, and allow cookies for it.");
  hub.replayed = replayed ? `${sid} ${generation}` : undefined;
};

/** Nobody waits for this write, and the next refresh will not wait for its own: its id is on disk before it is needed. */
const prepare = (hub: Hub) => {
  const id = hub.ports.random.id();
  void hub.ledger.update((record) => prepareAttempt(record, id), true);
};

export interface Turn {
  /**
   * The lock is still held. Without it nothing new is begun: two holders that go on beside each other would both
   * find the other's hold, wait for each other's orphan, and present the same credential in the same instant.
   */
  mine: boolean;
  /** This page was suspended in the middle of it, and has been back for a while. */
  back: boolean;
}

/**
 * Waits for the answer; `undefined` when the wait is pointless. A page that was put away has let go of the lock, and WebKit
 * never tells it what became of its request:
 *
 *   A   lock ── POST ── pagehide ···· pageshow ── (nothing, until its own deadline)
 *   B            waits ── lock ── POST ── TOKEN ──┘ A has it, too
 *
 * Where nobody was faster, a full endpoint is asked again: it answers the same attempt in the same way.
 */
const answered = async (hub: Hub, flight: Flight, turn: Turn, { exchange, opening }: Sending): Promise<Reply | undefined> => {
  let reply: Reply | undefined;
  void exchange.reply.then((got) => {
    hub.exchanges.delete(exchange);
    reply = got;
    hub.wake();
  });
  const pointless = () => !turn.mine && (flight.done() || (turn.back && opening.level === 'full'));
  await until(hub, () => !!reply || pointless(), 2 * DEADLINE_MS);
  return reply;
};

export const refreshUnderLock = async (hub: Hub, flight: Flight, turn: Turn): Promise<Landing> => {
  const { channel, clock, endpoint, random, lifecycle } = hub.ports;
  const { key } = flight;
  const passed = { generation: -1, orphan: false };
  let seq = -1;
  let orphan: LedgerRecord['hold'] | undefined;
  let sends = 0;

  const askPeers = async (ms: number) => {
    const { from } = flight;
    hub.post({ type: 'TOKEN_REQUEST', key, have: from && hub.ledger.seen.sid === from.sid ? from.generation : 0 });
    await until(hub, flight.done, ms);
  };

  try {
    while (!flight.done() && turn.mine) {
      const { target, reason, from, sid, demand, minTtl } = flight;
      const asked = clock.monotonic();
      const quest = { me: hub.me, key, reason, from, sid, demand, deadline: DEADLINE_MS, level: hub.options.level, attempt: random.id(), passed, seq };
      let sending: Sending | undefined;
      const send = (opening: Opening & { go: 'send' }): Sending => {
        const { attempt, ids, have, level } = opening;
        const start = { monotonic: clock.monotonic(), wall: clock.wall() };
        const exchange = endpoint.refresh({ ...target, attempt, ids, have, reason, minTtl, level, deadline: DEADLINE_MS });
        hub.exchanges.add(exchange);
        return { opening, start, exchange };
      };
      // Stopped between asking for the hold and hearing of it: somebody may have overtaken us, and be sending.
      const overslept = () => clock.monotonic() - asked > OVERSLEPT_MS;
      let opening = await hub.ledger.decide(
        // Now is when the change is made: what waited in a stopped process must not take a hold of long ago.
        (record) => open(record, { ...quest, now: clock.wall() }),
        true,
        (found) => {
          if (found.go === 'send' && found.early && !sending && sends < MAX_SENDS && !overslept() && !flight.done() && turn.mine) sending = send(found);
        },
      );
      if ('seq' in opening) seq = opening.seq;
      if (opening.go === 'orphan') ({ orphan } = opening);
      hub.learn();
      if (sending) opening = sending.opening;
      else if (hub.sealed()) break;
      else if (overslept()) continue;
      else if (flight.done() || !turn.mine) break;

      switch (opening.go) {
        case 'adopt':
          passed.generation = opening.generation;
          // Where messages carry no tokens nobody can send it: the endpoint is asked, and answers with the one that is there.
          if (channel.carriesTokens) await askPeers(from ? ADOPT_LATER_MS : ADOPT_MS);
          continue;
        case 'cooldown':
          hub.failed(opening.failures, opening.wait);
          return { is: 'wait', wait: opening.wait, note: 'the endpoint asked for patience' };
        case 'logout':
          if (await deliverLogout(hub, opening)) continue;
          return { is: 'wait', wait: LOGOUT_RETRY_MS, note: 'a sign-out has not reached the endpoint yet' };
        case 'orphan':
          passed.orphan = true;
          await until(hub, flight.done, opening.wait);
          continue;
        case 'rejected':
          return { is: 'rejected' };
        case 'ended':
        case 'settled':
          return { is: 'look' };
      }
      if (++sends > MAX_SENDS) return another;
      sending ??= send(opening);
      const { start } = sending;
      // Said when the request is out: what the others do about it need not hold it up.
      hub.post({ type: 'REFRESH_STARTED', key });
      const reply = await answered(hub, flight, turn, sending);
      if (!reply) break;

      const now = clock.wall();
      const said = classify(reply, opening.level, { answer: endpoint.read, claims: endpoint.claims ?? (() => undefined), now });
      // A frame of another site is sent no cookie: a backend that cannot say so turns the frame away, not the session.
      const verdict: Verdict = lifecycle.crossSite && said.is === 'ended' && !said.sid ? { is: 'none', settled: said.settled } : said;
      const sent: Sent = {
        me: hub.me,
        seq,
        key,
        reason,
        sid: opening.sid,
        from: from?.generation ?? 0,
        ...start,
        duration: clock.monotonic() - start.monotonic,
        now,
        localSid: random.id(),
        random: random.next(),
      };
      let told = false;
      // The others wait for this: it goes out while it is written, and whoever then asks the ledger reads what was written.
      const tell = (result: Result) => {
        if (told || result.is !== 'granted') return;
        told = true;
        const { grant, startedAnew } = result;
        if (startedAnew) hub.post({ type: 'SESSION_STARTED', sid: grant.sid, sessionAt: grant.sessionAt });
        hub.postGrant(grant);
      };
      const result = await hub.ledger.decide((record) => commit(record, verdict, sent), false, tell);
      seq = -1;
      tell(result);
      report(hub, opening.attempt, verdict, result, sent);
      // A refresh that ended after a sign-out may have brought the cookie back: the server hears of it again.
      const { logout, settle } = hub.ledger.seen;
      if (logout) await deliverLogout(hub, logout);

      switch (result.is) {
        case 'granted': {
          const { grant } = result;
          flight.landed = true;
          // The very token that is here already, asked for by `start()`: then that is what it gets.
          const mine = hub.state.grants[key];
          if (demand && mine?.sid === grant.sid && mine.generation === grant.generation) flight.from = undefined;
          lookForBlockedCookie(hub, grant, verdict);
          hub.dispatch({ type: 'granted', grant }, { from: 'endpoint', by: demand ? 'start' : 'restore' });
          hub.learn();
          if (verdict.settled) prepare(hub);
          if (settle && reason !== 'settle') flight.settle(settle.for);
          // Of a session older than ours, or already over here: asking at once would only bring the same again.
          if (!flight.done() && hub.state.grants[key] !== grant) return another;
          return { is: 'look' };
        }
        case 'ended':
          hub.learn(result.sid);
          hub.dispatch({ type: 'session_ended', sid: result.sid, reason: result.reason });
          if (result.sid) hub.post({ type: 'SESSION_ENDED', sid: result.sid, reason: result.reason });
          return { is: 'over' };
        case 'nobody':
          // No cookie went out. Somebody else may hold a live session (a slow startup beside a sign-in): ask once more.
          if (!flight.nobody && verdict.is === 'none') {
            flight.nobody = true;
            await askPeers(ADOPT_MS);
            continue;
          }
          // A frame of another site is not sent the cookie although it may share the ledger: it speaks for itself only.
          // A login in another tab may have come in between: it moved the ledger on, and its token may be here.
          if (!lifecycle.crossSite) await hub.ledger.update((record) => (record.hint && record.sid === sent.sid ? { ...record, hint: false } : record));
          if (flight.done()) return { is: 'look' };
          hub.dispatch({ type: 'anonymous' });
          return { is: 'over' };
        case 'wait':
          return { is: 'wait', wait: result.wait, note: result.note, fault: verdict.is === 'fault' ? verdict.code : undefined };
      }
      // Somebody else took the hold, and with it the turn. Again, logout: the next look at the ledger says what to do.
      if (result.is === 'stale') {
        flight.nobody ||= verdict.is === 'none';
        return { is: 'fenced' };
      }
      if (result.is === 'older') return another;
      hub.learn();
    }
    return { is: 'look' };
  } finally {
    if (seq >= 0) await hub.ledger.update((record) => releaseHold(record, hub.me, seq, orphan));
  }
};
