/** Ending a session so that nothing can undo it: written down first, said second, sent third. */
import { DEADLINE_MS } from '../contract/wire.js';
import type { Hub } from './hub.js';
import { askLogout, closeSession } from './record-moves.js';
import { isClosed } from './record.js';

export const LOGOUT_RETRY_MS = 5_000;

/** True when the endpoint has heard of the sign-out, or never will because it has no such route. */
export const deliverLogout = async (hub: Hub, { sid, scope }: { sid: string; scope: 'device' | 'all' }): Promise<boolean> => {
  const { endpoint, lifecycle } = hub.ports;
  // A frame of another site is sent no cookie: its logout would be answered and mean nobody. A page of the site says it.
  if (lifecycle.crossSite) return false;
  if (endpoint.logout) {
    const reply = await endpoint.logout({ scope, sid: sid || undefined, level: hub.level(), deadline: DEADLINE_MS }).reply;
    // HTML with status 200 is a captive portal; whether a lesser backend answers its logout in JSON is not known.
    const status = reply.kind === 'http' && (reply.json !== undefined || reply.status >= 400 || hub.level() !== 'full') ? reply.status : 0;
    // 400, 401, 404, 410: there is no such session any more. 403 is a fault of the set-up and must be seen.
    if (!(status >= 200 && status < 300) && ![400, 401, 404, 410].includes(status)) {
      hub.problem('logout_pending', `The sign-out has not reached the endpoint (${status || 'no answer'}); it is repeated before any refresh.`);
      return false;
    }
  }
  await hub.ledger.update((record) => (record.logout?.sid === sid ? { ...record, logout: undefined } : record), true);
  return true;
};

/** Keeps trying while this context lives; later ones find it in the ledger. */
export const insistOnLogout = async (hub: Hub, tries = 0): Promise<void> => {
  const { logout } = hub.ledger.seen;
  if (!logout || (await deliverLogout(hub, logout))) return;
  again(hub, LOGOUT_RETRY_MS * 2 ** Math.min(tries, 4) * (0.5 + hub.ports.random.next()), tries + 1);
};

/** The network is back, which a long pause was for: what fails now is tried again soon. */
export const insistAnew = (hub: Hub): Promise<void> => {
  hub.insisting?.();
  hub.insisting = undefined;
  return insistOnLogout(hub);
};

const say = (hub: Hub, sid: string): void => hub.post({ type: 'SESSION_ENDED', sid, reason: 'signed_out' });

/** One timer per context, however many ways there are to learn that a sign-out is pending. */
const again = (hub: Hub, ms: number, tries: number): void => {
  if (hub.insisting) return;
  hub.insisting = hub.ports.clock.after(ms, async () => {
    hub.insisting = undefined;
    if (hub.disposed) return;
    // Written and said again, too: a ledger may have been lost since, and with it what a new document knows. A frame of
    // another site can do no more than that.
    const { logout } = await hub.ledger.update((record) => record);
    if (logout?.sid) say(hub, logout.sid);
    await insistOnLogout(hub, tries);
  });
};

/**
 * The tab that signed out may be dead before the endpoint has heard of it, and before anybody was told:
 *
 *   tab A   signOut ─ ledger: closed, logout ─ ✗
 *   tab B                                        reads the ledger: looks after it
 */
export const lookAfterLogout = (hub: Hub, sid: string, said?: string): void => {
  // Written, and perhaps never said: who signed out may stand still since.
  if (sid && sid !== said && !hub.state.closed.includes(sid)) say(hub, sid);
  again(hub, LOGOUT_RETRY_MS * (1 + hub.ports.random.next()), 0);
};

/** Nobody waits for what is under way. It lands all the same, and the caller may have to undo what it brings. */
export const abortExchanges = (hub: Hub, landed: () => unknown = () => {}): void => {
  for (const exchange of [...hub.exchanges]) {
    exchange.abort();
    void exchange.late.then((reply) => reply.kind === 'http' && reply.status < 300 && landed());
  }
};

/**
 * A refresh that was under way at the sign-out cannot be called back, and brings its cookie after the logout took it away:
 *
 *   tab A    POST refresh ─────────── 200, Set-Cookie ─ POST logout
 *   tab B        └─ sign-out ─ POST logout, cookie gone   └─ cookie gone for good
 */
export const abortForGood = (hub: Hub, sid: string): void =>
  abortExchanges(hub, async () => {
    await hub.ledger.update((record) => (record.sid === sid && isClosed(record, sid) ? askLogout(record, sid, 'device') : record), true);
    await insistOnLogout(hub);
  });

export const signOut = async (hub: Hub, scope: 'device' | 'all'): Promise<void> => {
  const { clock } = hub.ports;
  let sid = '';
  // The hold moves on, so no refresh that is under way anywhere can commit after this line.
  const write = () =>
    hub.ledger.update((record) => {
      sid = (hub.state.status === 'ended' ? undefined : hub.state.sid) ?? record.sid ?? '';
      return {
        ...askLogout(closeSession(record, sid, 'signed_out', clock.wall()), sid, scope),
        hint: false,
        hold: { ...record.hold, by: '', seq: record.hold.seq + 1 },
      };
    }, true);
  await write();
  // A login has ended meanwhile, so now the session has a name.
  if (!sid && hub.state.sid) await write();
  // Said before this page hears it: a listener may dispose of the session because it is over, and who is disposed of is silent.
  // Without a name nobody could tell which session is meant, and one that begins meanwhile is not.
  if (sid) say(hub, sid);
  hub.dispatch({ type: 'session_ended', sid: sid || undefined, reason: 'signed_out' });
  abortForGood(hub, sid);
  await insistOnLogout(hub);
};
